import { defineCommand } from './arguments/command.ts';

/** What the code of `sandbox hook` asks: not for people, and in no list. */
export const serveHook = defineCommand({
  name: '__hook',
  category: undefined,
  description: 'Say which shims a shell here is to find',
  operands: '',
  details: `
    Prints three lines: the directory in which the project here is remembered, that of its trust, and the one for PATH, which
    is empty unless the project is trusted as its files are. Prints nothing where there is no project.
  `,
  examples: [['What the code asks', 'sandbox __hook']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async () => {
    const { shimsForShell } = await import('./hook/shims-for-shell.ts');
    const { print } = await import('../ui/output.ts');
    print(await shimsForShell());
    return 0;
  },
});
