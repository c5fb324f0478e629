import { listOptions } from './add/list-options.ts';
import { defineCommand } from './arguments/command.ts';

export const remove = defineCommand({
  name: 'remove',
  category: 'Projects',
  description: 'Remove packages and more from sandbox.toml',
  operands: '[PACKAGE…]',
  details: `
    Takes out of the project's sandbox.toml what \`sandbox add\` puts there. Comments, order and formatting of the file stay.
    What the environment does not have is an error, and then nothing is changed. Sandboxes are removed with \`sandbox rm\`.
  `,
  examples: [
    ['A package', 'sandbox remove jq'],
    ['A port of the environment test', 'sandbox remove --env test --port 5432'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: listOptions,
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { editLists } = await import('./add/edit-lists.ts');
    return await editLists({ kind: 'remove', options, packages: operands });
  },
});
