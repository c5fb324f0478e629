import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const apply = defineCommand({
  name: 'apply',
  category: 'Review',
  description: 'Bring changes of a kept sandbox to the host',
  operands: 'NAME [PATH…]',
  details: `
    Does on the host what was done in the sandbox: changes of a copy-on-write workspace, and on the \`host\` image those of the
    system, as far as you may write there. Without PATH all of them; a PATH is meant as by \`sandbox diff\`. What was applied
    is no change any more; the rest stays in the sandbox.

    Where files of the host were changed since, they are listed and nothing is applied. Each file is replaced as a whole, and
    what was interrupted goes on with the same command. Set-uid bits, owners, devices and sockets are never applied. The exit
    status is 1 if something was left.
  `,
  examples: [
    ['Everything', 'sandbox apply try-kmpf'],
    ['Two directories and all TypeScript', "sandbox apply try-kmpf lib docs '**/*.ts'"],
    ['What would happen?', 'sandbox apply --dry-run try-kmpf'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {
    force: flag(['-f', '--force'], 'Also where the host was changed since'),
    dryRun: flag(['-n', '--dry-run'], 'Say what would be done'),
    json: flag(['--json'], 'Print a JSON object'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { reviewTarget } = await import('./diff/find-reviewed.ts');
    const { facts, sandbox, patterns } = reviewTarget(operands);
    const { applyToHost } = await import('../review/client.ts');
    const { appliedJson, isComplete, reportApplied } = await import('./apply/apply-text.ts');
    const result = applyToHost(facts, sandbox, patterns, options);
    if (options.json) {
      const { print } = await import('../ui/output.ts');
      print(appliedJson(result));
      return isComplete(result) ? 0 : 1;
    }
    const status = reportApplied(sandbox.name, result, { dryRun: options.dryRun, list: options.dryRun });
    if (sandbox.isTrial && !options.dryRun) {
      const { removeIfEmpty } = await import('./try/remove-trial.ts');
      await removeIfEmpty(facts, sandbox);
    }
    return status;
  },
});
