import { currentDirectory } from '../linux/proc-self.ts';
import { expectProject } from '../project/find.ts';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const list = defineCommand({
  name: 'list',
  category: 'Projects',
  description: "List a project's environments, commands and services",
  operands: '',
  details: `
    Lists what the sandbox.toml here, or in a directory above, has. \`sandbox\` alone does the same where there is one.

    Commands that are called as one of sandbox's own are listed as \`do NAME\`, which is how to run them.
  `,
  examples: [
    ['What can be done here', 'sandbox list'],
    ['For programs', 'sandbox list --json'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    json: flag(['--json'], 'Print a JSON object'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const directory = expectProject(currentDirectory());
    const { loadProject } = await import('../project/load.ts');
    const { projectLists, projectText } = await import('./project/list/text.ts');
    const { isCommand } = await import('./registry.ts');
    const { coloursOf } = await import('../ui/colour.ts');
    const { print } = await import('../ui/output.ts');
    const lists = projectLists(await loadProject(directory), isCommand);
    print(options.json ? `${JSON.stringify(lists, null, 2)}\n` : projectText(lists, coloursOf(1)));
    return 0;
  },
});
