import { defineCommand } from './arguments/command.ts';

export const pause = defineCommand({
  name: 'pause',
  category: 'Sandboxes',
  description: 'Stop every process of sandboxes where it is',
  operands: 'NAME…',
  details: `
    The processes stay in memory and use no processor time until \`sandbox unpause\`. They cannot tell: no signal is sent. It
    takes a control group: a sandbox has one if it was opened with a limit or with \`--limits required\`.
  `,
  examples: [['Hold a build', 'sandbox pause website']],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {},
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ operands }) => {
    const { setPaused } = await import('./running/set-paused.ts');
    return await setPaused(operands, true);
  },
});
