import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { parseHostPath } from './options/path.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { commandOf, IMAGE_RULE, rootOf } from './spec/image-operand.ts';

export const plan = defineCommand({
  name: 'plan',
  category: 'Insight',
  description: 'Show what `run` would do with the same arguments, to the last system call',
  operands: '[IMAGE] [--] [COMMAND [ARGUMENT…]]',
  details: `
    Nothing is started and nothing is changed, but that an image is pulled if it is not here. First come the settings of the
    profile, then the operations, one a line, then the system calls that carry them out; secrets are left out. With \`--output FILE\` the launcher is written instead: an executable that does exactly this by itself.
  `,
  examples: [
    ['Read what a sandbox is made of', 'sandbox plan -- make'],
    ['Compare two plans', 'diff <(sandbox plan --json -- make) <(sandbox plan --json --network none -- make)'],
    ['Keep the launcher', 'sandbox plan --output ./make-in-sandbox -- make'],
  ],
  completion: { kind: 'names', of: ['images', 'host'] },
  takesCommand: true,
  options: {
    ...sandboxOptions,
    rm: flag(['--rm'], 'Accepted as in `run`'),
    json: flag(['--json'], 'Print settings, operations and system calls as JSON'),
    output: value([['--output'], 'FILE', 'Write the launcher to a file'], parseHostPath, { kind: 'files' }),
  },
  rule: IMAGE_RULE,
  execute: async (input) => {
    const { options } = input;
    const root = rootOf(input);
    const command = commandOf(input, root);
    const { showPlan } = await import('./plan/show-plan.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => await showPlan({ options, root, command }, options));
  },
});
