import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { parseHostPath } from './options/path.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { expectOneRoot, IMAGE_RULE, requiredCommand } from './spec/image-operand.ts';

export const plan = defineCommand({
  name: 'plan',
  category: 'Insight',
  description: 'Show what `run` would do with the same arguments, to the last system call',
  operands: '[IMAGE] [--] COMMAND [ARGUMENT…]',
  details: `
    Nothing is started and nothing is changed. First come the operations, one a line, then the system calls that carry
    them out. With \`--output FILE\` the launcher is written instead: an executable that does exactly this by itself.
  `,
  examples: [
    ['Read what a sandbox is made of', 'sandbox plan -- make'],
    ['Compare two plans', 'diff <(sandbox plan --json -- make) <(sandbox plan --json --network none -- make)'],
    ['Keep the launcher', 'sandbox plan --output ./make-in-sandbox -- make'],
  ],
  completion: { kind: 'words', words: ['host'] },
  takesCommand: true,
  options: {
    ...sandboxOptions,
    rm: flag(['--rm'], 'Accepted as in `run`'),
    json: flag(['--json'], 'Print operations and system calls as JSON'),
    output: value([['--output'], 'FILE', 'Write the launcher to a file'], parseHostPath, { kind: 'files' }),
  },
  rule: IMAGE_RULE,
  execute: async (input) => {
    expectOneRoot(input);
    const { options } = input;
    const command = requiredCommand(input.rest);
    const { showPlan } = await import('./plan/show-plan.ts');
    return await showPlan({ options, lifetime: { kind: 'ephemeral' }, command }, options);
  },
});
