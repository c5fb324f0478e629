import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { sandboxOptions } from './options/sandbox-options.ts';

const { wayland, x11, audio, gpu, dbus } = sandboxOptions;
const text = (typed: string): string => typed;

export const exportCommand = defineCommand({
  name: 'export',
  category: 'Projects',
  description: 'Put a program of a sandbox into ~/.local/bin',
  operands: '[PROGRAM]',
  details: `
    Afterwards PROGRAM can be called like any other. \`--from\` says where it is: an environment of the project here (the
    default environment, if nothing is said), a kept sandbox, or an image. Of an environment it is the shim of \`sandbox shim\`,
    elsewhere a short script that calls \`sandbox shell\` or \`sandbox run\`.

    With \`--desktop\` the program also appears among the applications of the desktop, by the name that its own .desktop file in
    the sandbox has; the parts of the session that it needs are named by the options of \`sandbox run\`.

    What is there already and was not put there by this command stays, unless \`--force\` is given.
  `,
  examples: [
    ['The node of this project', 'sandbox export node'],
    ['A program of a kept sandbox, under another name', 'sandbox export gcc --from build --as gcc-12'],
    ['A graphical one', 'sandbox export gimp --from graphics --desktop --wayland'],
    ['What was exported', 'sandbox export --list'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    from: value([['--from'], 'ENVIRONMENT|SANDBOX|IMAGE', 'Where the program is'], text, {
      kind: 'names',
      of: ['environments', 'sandboxes', 'images'],
    }),
    as: value([['--as'], 'NAME', 'What it is to be called'], text, { kind: 'nothing' }),
    list: flag(['--list'], 'List what was exported'),
    json: flag(['--json'], 'With --list: print a JSON array'),
    remove: flag(['--remove'], 'Remove PROGRAM from ~/.local/bin, and from the applications'),
    desktop: flag(['--desktop'], 'Also show it among the applications'),
    force: flag(['--force'], 'Write over what is there'),
    wayland,
    x11,
    audio,
    gpu,
    dbus,
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands: [program] }) => {
    const { list, json, remove, from, as, desktop, force, ...parts } = options;
    if (list && remove) throw new UsageError('only one of --list and --remove can be given');
    if (json && !list) throw new UsageError('--json: expected --list besides it');
    const { exportProgram, listExports, removeExport } = await import('./export/export-program.ts');
    if (list) return listExports(json);
    if (program === undefined)
      throw new UsageError('no program given', { hint: '`sandbox export --list` lists those there are' });
    if (remove) return removeExport(as ?? program);
    const session = Object.entries(parts).flatMap(([part, isShown]) => (isShown ? [`--${part}`] : []));
    return await exportProgram({ program, from, name: as ?? program, desktop, force, session });
  },
});
