import { defineCommand } from './arguments/command.ts';
import { flag, list } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { projectOptions } from './options/project-options.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { parseOnly } from './project/command/matrix.ts';

/** What the image is says the project. */
const { rootfs: _, entrypoint: __, pull: ___, platform: ____, ...options } = sandboxOptions;

export const doCommand = defineCommand({
  name: 'do',
  category: 'Projects',
  description: "Run one of the project's commands",
  operands: 'NAME [ARGUMENT…]',
  details: `
    NAME is a command of sandbox.toml ([command.NAME]), here or in a directory above. It runs in its environment, which is
    built where that is needed, with the project's directory at its own path; the ARGUMENTs are its own, whatever they look
    like. \`sandbox NAME\` does the same where sandbox itself has no command of that name.

    Commands that it requires are run before, each once; the first one that fails ends it all. A command with \`each\` is run
    for every combination of the values, or for those that \`--only\` leaves. With \`--watch\` it is run again whenever a
    file changes that one of its patterns means, until Ctrl-C.

    The exit status is the command's own, that of the required command that failed, or that of the first combination that
    failed; 125, 126, 127 and 128+N as of \`sandbox run\`.
  `,
  examples: [
    ['The tests of the project', 'sandbox do test'],
    ['The same, with an argument', 'sandbox test --verbose'],
    ['Again with each change', 'sandbox do --watch test'],
    ['One combination', 'sandbox do --only NODE=20 test'],
  ],
  completion: { kind: 'names', of: ['commands'] },
  takesCommand: true,
  options: {
    ...options,
    ...projectOptions,
    watch: flag(['--watch'], 'Run again when a file changes that `watch` of the command means'),
    only: list([['--only'], 'KEY=VALUE', 'Of the combinations of `each` run those with this value'], parseOnly, {
      kind: 'nothing',
    }),
  },
  rule: { limit: () => 0, surplus: 'starts the rest' },
  execute: async ({ options: { watch, only, frozen, ...typed }, rest }) => {
    const [name, ...words] = rest ?? [];
    if (name === undefined)
      throw new UsageError('no command given', { hint: '`sandbox` alone lists those of the project' });
    const { doHere } = await import('./project/command/here.ts');
    const whole = { ...typed, rootfs: undefined, entrypoint: undefined, pull: undefined, platform: undefined };
    return await doHere({ name, words, options: whole, frozen, only, watch });
  },
});
