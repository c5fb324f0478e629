import { defineCommand } from './arguments/command.ts';
import { forEachRunning, titleOf } from './running/running-sandbox.ts';

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
    const [{ requireGroup }, { setFrozen }] = await Promise.all([
      import('../cgroup/find-group.ts'),
      import('../cgroup/control.ts'),
    ]);
    return await forEachRunning(operands, async (sandbox) => {
      await setFrozen(requireGroup(titleOf(sandbox), sandbox.pid), false);
    });
  },
});
