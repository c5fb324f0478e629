import { defineCommand } from './arguments/command.ts';
import type { NameKind } from './arguments/option.ts';
import { oneOf } from './options/choice.ts';

const KINDS = ['sandboxes', 'images', 'host', 'environments', 'commands', 'services'] as const satisfies NameKind[];

/** What completion scripts ask for: not for people, and in no list. */
export const names = defineCommand({
  name: '__names',
  category: undefined,
  description: 'Print the names that a shell may complete',
  operands: KINDS.join('|'),
  details: 'Prints a name a line. What cannot be read has no names.',
  examples: [['Names of images', 'sandbox __names images']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => KINDS.length, surplus: 'refused' },
  execute: async ({ operands }) => {
    const { knownNames } = await import('./completion/known-names.ts');
    const { print } = await import('../ui/output.ts');
    const known = await knownNames(operands.map(oneOf(KINDS)));
    print(known.map((name) => `${name}\n`).join(''));
    return 0;
  },
});
