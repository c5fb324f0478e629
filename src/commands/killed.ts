import { defineCommand } from './arguments/command.ts';
import { UsageError } from './arguments/usage-error.ts';

/** What a monitor becomes when its sandbox was killed: not for people, and in no list. */
export const killed = defineCommand({
  name: '__killed',
  category: undefined,
  description: 'Say whether a sandbox was killed for want of memory',
  operands: 'GROUP',
  details: 'A monitor becomes this command. Its exit status is 137, as the status of what was killed.',
  examples: [['A group of a scope', 'sandbox __killed /sys/fs/cgroup/user.slice/…/sandbox-1f.scope/payload']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands }) => {
    const [group] = operands;
    if (group === undefined) throw new UsageError('expected a control group');
    const [{ memoryDeath }, { removeGroup }, { memoryDeathText }, { note }] = await Promise.all([
      import('../cgroup/statistics.ts'),
      import('../cgroup/remove-group.ts'),
      import('./killed/memory-death-text.ts'),
      import('../ui/output.ts'),
    ]);
    const death = memoryDeath(group);
    if (death !== undefined) note(memoryDeathText(death));
    await removeGroup(group);
    return 137;
  },
});
