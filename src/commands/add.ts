import { defineListCommand } from './add/list-command.ts';

export const add = defineListCommand({
  name: 'add',
  description: 'Add packages and more to sandbox.toml',
  details: `
    Adds to \`packages\` of the project's sandbox.toml what the image's own package manager is to install: apt, apk, dnf, zypper
    or pacman. With options also to \`cache\`, \`shims\`, \`volumes\` and \`ports\`. Comments, order and formatting of the file
    stay. What is there already is not added again, and a file that could not be loaded any more is not written.

    Files that you trust stay trusted, unless they ask for more then: a volume outside of the project.
  `,
  examples: [
    ['Two packages', 'sandbox add git jq'],
    ['For the environment test only', 'sandbox add --env test postgresql'],
    ['npm, its cache and a shim', 'sandbox add npm --cache npm --shim npm'],
  ],
});
