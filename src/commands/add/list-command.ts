import { type Command, defineCommand } from '../arguments/command.ts';
import { listOptions } from './list-options.ts';

/** What `add` and `remove` do not have alike. */
export interface ListCommand {
  readonly name: 'add' | 'remove';
  readonly description: string;
  readonly details: string;
  readonly examples: Command['examples'];
}

/** Gives a command that changes lists of sandbox.toml. */
export function defineListCommand({ name, ...about }: ListCommand): Command {
  return defineCommand({
    name,
    category: 'Projects',
    operands: '[PACKAGE…]',
    ...about,
    completion: { kind: 'nothing' },
    takesCommand: false,
    options: listOptions,
    rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
    execute: async ({ options, operands }) => {
      const { editLists } = await import('./edit-lists.ts');
      return await editLists({ kind: name, options, packages: operands });
    },
  });
}
