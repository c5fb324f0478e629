import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { parseHostPath } from './options/path.ts';
import { projectOptions } from './options/project-options.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { commandOf, IMAGE_RULE, rootOf } from './spec/image-operand.ts';

export const plan = defineCommand({
  name: 'plan',
  category: 'Insight',
  description: 'Show what `run` would do with the same arguments, to the last system call',
  operands: '[ENVIRONMENT|IMAGE] [--] [COMMAND [ARGUMENT…]]',
  details: `
    Nothing is started and nothing is changed, but that an image is pulled if it is not here. First come the settings of the
    profile, then the operations, one a line, then the system calls that carry them out; secrets are left out. With \`--output FILE\` the launcher is written instead: an executable that does exactly this by itself.

    In a project it is the plan of the environment, which is built if it is not; without a command, that of its shell.
  `,
  examples: [
    ['Read what a sandbox is made of', 'sandbox plan -- make'],
    ['Compare two plans', 'diff <(sandbox plan --json -- make) <(sandbox plan --json --network none -- make)'],
    ['Keep the launcher', 'sandbox plan --output ./make-in-sandbox -- make'],
  ],
  completion: { kind: 'names', of: ['environments', 'images', 'host'] },
  takesCommand: true,
  options: {
    ...sandboxOptions,
    ...projectOptions,
    rm: flag(['--rm'], 'Accepted as in `run`'),
    json: flag(['--json'], 'Print settings, operations and system calls as JSON'),
    output: value([['--output'], 'FILE', 'Write the launcher to a file'], parseHostPath, { kind: 'files' }),
  },
  rule: IMAGE_RULE,
  execute: async (input) => {
    const { options } = input;
    const { planOf, showPlan } = await import('./plan/show-plan.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => {
      const { environmentHere, environmentRequest } = await import('./project/open.ts');
      const ready = await environmentHere(input);
      if (ready !== undefined) {
        const words = { options, command: input.rest, join: 'never' } as const;
        return await showPlan(await environmentRequest(ready, words), options);
      }
      const root = rootOf(input);
      return await showPlan(await planOf({ options, root, command: commandOf(input, root) }), options);
    });
  },
});
