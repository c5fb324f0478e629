import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { oneOf } from './options/choice.ts';

/** Ecosystems that a file can be written for, in the order in which they are looked for: project/init/templates.ts. */
const TEMPLATES = ['node', 'python', 'go', 'rust', 'c', 'java', 'empty'] as const;

export const init = defineCommand({
  name: 'init',
  category: 'Projects',
  description: 'Write a sandbox.toml for the project here',
  operands: '',
  details: `
    Looks at the files in the current directory (package.json, pyproject.toml, go.mod, Cargo.toml, Makefile, pom.xml and their
    like) and writes a sandbox.toml with comments: an image, packages, setup steps, and the commands it found. On a
    terminal it asks about them first; with \`--yes\`, and elsewhere, it takes what it found.

    In a Git repository, sandbox.local.toml and .sandbox/ are added to .gitignore. A sandbox.toml that is there stays as
    it is, unless \`--force\` is given.
  `,
  examples: [
    ['For what is here', 'sandbox init'],
    ['Without questions, for Python', 'sandbox init --yes --template python'],
    ['With an image of your own', 'sandbox init --image node:22'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    image: value([['--image'], 'IMAGE', 'The image to begin with'], (text) => text, { kind: 'names', of: ['images'] }),
    template: value([['--template'], 'NAME', `Do not look: ${TEMPLATES.join(', ')}`], oneOf(TEMPLATES), {
      kind: 'words',
      words: TEMPLATES,
    }),
    yes: flag(['-y', '--yes'], 'Ask nothing'),
    force: flag(['-f', '--force'], 'Replace a sandbox.toml that is there'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { initProject } = await import('./init/init-project.ts');
    return await initProject(options);
  },
});
