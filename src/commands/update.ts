import { defineCommand } from './arguments/command.ts';
import { UsageError } from './arguments/usage-error.ts';
import { groupLimitOptions } from './options/limit-options.ts';
import { forEachRunning, titleOf } from './running/running-sandbox.ts';

export const update = defineCommand({
  name: 'update',
  category: 'Sandboxes',
  description: 'Change the limits of a running sandbox',
  operands: 'NAME',
  details: `
    What is not named stays as it is. The limits last as long as the sandbox runs. It takes a control group: a sandbox has one
    if it was opened with a limit or with \`--limits required\`.
  `,
  examples: [
    ['More memory', 'sandbox update --memory 2g website'],
    ['No limit of processes', 'sandbox update --pids-limit -1 website'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: groupLimitOptions,
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const [{ groupLimitsOf }, { requireGroup }, { updateLimits }] = await Promise.all([
      import('./spec/limits.ts'),
      import('../cgroup/find-group.ts'),
      import('../cgroup/control.ts'),
    ]);
    const limits = groupLimitsOf(options);
    if (Object.keys(limits).length === 0) {
      throw new UsageError('no limit given', { hint: 'such as --memory 1g or --pids-limit 500' });
    }
    return await forEachRunning(operands, (sandbox) => {
      updateLimits(requireGroup(titleOf(sandbox), sandbox.pid), limits);
    });
  },
});
