import { defineCommand } from './arguments/command.ts';
import { UsageError } from './arguments/usage-error.ts';

/** What a launcher becomes when it failed: not for people, and in no list. */
export const explain = defineCommand({
  name: '__explain',
  category: undefined,
  description: 'Say why a launcher failed, and what to do about it',
  operands: 'OPERATION DESCRIPTION ERRNO',
  details: 'A launcher that fails becomes this command. Its exit status is 125.',
  examples: [['What an exhausted limit looks like', "sandbox __explain createNamespaces 'create the namespaces' 28"]],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 3, surplus: 'refused' },
  execute: async ({ operands }) => {
    const { explainFailure, parseFailure } = await import('../explain/explain.ts');
    const failure = parseFailure(operands);
    if (failure === undefined) throw new UsageError('expected an operation, its description and an errno');
    const { hostProbe } = await import('../doctor/host-probe.ts');
    throw explainFailure(failure, hostProbe());
  },
});
