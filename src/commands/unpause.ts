import { defineCommand } from './arguments/command.ts';

export const unpause = defineCommand({
  name: 'unpause',
  category: 'Sandboxes',
  description: 'Let paused sandboxes go on',
  operands: 'NAME…',
  details: 'The processes go on where `sandbox pause` stopped them.',
  examples: [['Go on with a build', 'sandbox unpause website']],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {},
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ operands }) => {
    const { setPaused } = await import('./running/set-paused.ts');
    return await setPaused(operands, false);
  },
});
