import { listOptions } from './add/list-options.ts';
import { defineCommand } from './arguments/command.ts';

export const add = defineCommand({
  name: 'add',
  category: 'Projects',
  description: 'Add packages and more to sandbox.toml',
  operands: '[PACKAGE…]',
  details: `
    Adds to \`packages\` of the project's sandbox.toml what the image's own package manager is to install: apt, apk, dnf, zypper
    or pacman. With options also to \`cache\`, \`shims\`, \`volumes\` and \`ports\`. Comments, order and formatting of the file
    stay. What is there already is not added again, and a file that could not be loaded any more is not written.
  `,
  examples: [
    ['Two packages', 'sandbox add git jq'],
    ['For the environment test only', 'sandbox add --env test postgresql'],
    ['npm, its cache and a shim', 'sandbox add npm --cache npm --shim npm'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: listOptions,
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { editLists } = await import('./add/edit-lists.ts');
    return await editLists({ kind: 'add', options, packages: operands });
  },
});
