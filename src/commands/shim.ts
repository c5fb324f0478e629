import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { projectOptions } from './options/project-options.ts';

export const shim = defineCommand({
  name: 'shim',
  category: 'Projects',
  description: "Make programs of the project's environment callable from outside",
  operands: '[NAME…]',
  details: `
    Writes .sandbox/bin/NAME in the project for each program: an executable file that starts the program in the project's
    environment, about as fast as any other program starts. Arguments, standard streams, current directory, signals and exit
    status are passed through. Without names those of \`shims\` in sandbox.toml are made. The environment is built first where
    that is needed. While its services run, shims join their sandbox.

    When sandbox.toml, sandbox.local.toml or sandbox.lock say something else than they did, a shim says that it is stale, with
    status 125, until \`sandbox shim\` makes it anew; with \`shim-refresh = "automatic"\` it does that itself.

    Shims are for this machine and this user: .sandbox is not for git. \`sandbox hook\` puts them on PATH.
  `,
  examples: [
    ['Those that sandbox.toml lists', 'sandbox shim'],
    ['Two programs', 'sandbox shim node npm'],
    ['Use one', './.sandbox/bin/node --version'],
    ['Those of another environment', 'sandbox shim --env test pytest'],
    ['What there is', 'sandbox shim --list'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    ...projectOptions,
    env: value([['--env'], 'NAME', 'The environment; default: default'], (text) => text, { kind: 'nothing' }),
    list: flag(['--list'], 'List the shims of the project'),
    json: flag(['--json'], 'With --list: print a JSON array'),
    remove: flag(['--remove'], 'Remove shims: those named, or all'),
    force: flag(['--force'], 'Write over files in .sandbox/bin that are no shims of ours'),
    quiet: flag(['-q', '--quiet'], 'Show no progress'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { list, json, remove, env: environment, frozen, quiet, force } = options;
    if (list && remove) throw new UsageError('only one of --list and --remove can be given');
    if (json && !list) throw new UsageError('--json: expected --list besides it');
    if (list && operands.length > 0) throw new UsageError('--list takes no names');
    const { listShims, shimsHere, unmakeShims } = await import('./shim/shims-here.ts');
    if (list) return listShims(json);
    if (remove) return unmakeShims(operands, environment);
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(
      async () => await shimsHere(operands, { environment, frozen: frozen ? true : undefined, quiet, force }),
    );
  },
});
