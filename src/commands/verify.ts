import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const verify = defineCommand({
  name: 'verify',
  category: 'Projects',
  description: "Run a project's steps again and compare the results",
  operands: '[ENVIRONMENT]',
  details: `
    Every step is run once more on what is stored of those before it, and what comes out is compared file by file with what is
    stored. The exit status is 1 if a file differs. Steps with \`reproducible = false\` are left out.
  `,
  examples: [
    ['Does it always come out the same?', 'sandbox verify'],
    ['Another environment', 'sandbox verify test'],
  ],
  completion: { kind: 'names', of: ['environments'] },
  takesCommand: false,
  options: {
    quiet: flag(['-q', '--quiet'], 'Show no progress'),
    json: flag(['--json'], 'Print a JSON object'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { verifyProject } = await import('./project/build/verify-project.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => await verifyProject(operands[0] ?? 'default', options));
  },
});
