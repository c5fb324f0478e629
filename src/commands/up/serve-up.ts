import { defineCommand } from '../arguments/command.ts';

export const serveUp = defineCommand({
  name: '__up',
  category: undefined,
  description: 'Attend to services in the background; started by `sandbox up --detach`',
  operands: 'WISHES',
  details: '',
  examples: [],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands: [wishes = '{}'] }) => {
    const { serveBackground } = await import('./serve-background.ts');
    return await serveBackground(wishes);
  },
});
