import { defineListCommand } from './add/list-command.ts';

export const remove = defineListCommand({
  name: 'remove',
  description: 'Remove packages and more from sandbox.toml',
  details: `
    Takes out of the project's sandbox.toml what \`sandbox add\` puts there. Comments, order and formatting of the file stay.
    What the environment does not have is an error, and then nothing is changed. Sandboxes are removed with \`sandbox rm\`.
  `,
  examples: [
    ['A package', 'sandbox remove jq'],
    ['A port of the environment test', 'sandbox remove --env test --port 5432'],
  ],
});
