import { defineCommand } from './arguments/command.ts';

export const discard = defineCommand({
  name: 'discard',
  category: 'Review',
  description: 'Throw changes of a kept sandbox away',
  operands: 'NAME [PATH…]',
  details: `
    Without PATH everything that was changed in the sandbox; one that \`sandbox try\` made is removed. With PATH, which is
    meant as by \`sandbox diff\`, only those changes: in the sandbox they are again as on the host. The host stays as it is.
  `,
  examples: [
    ['All of it', 'sandbox discard try-kmpf'],
    ['What was built', 'sandbox discard try-kmpf dist node_modules'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {},
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ operands }) => {
    const { reviewTarget } = await import('./diff/find-reviewed.ts');
    const { facts, sandbox, patterns } = reviewTarget(operands);
    const { note } = await import('../ui/output.ts');
    if (sandbox.isTrial && patterns.length === 0) {
      const { removeTrial } = await import('./try/remove-trial.ts');
      await removeTrial(sandbox.name);
      note(`discarded: the sandbox ${sandbox.name} was removed`);
      return 0;
    }
    const { discardFrom } = await import('../review/client.ts');
    const paths = discardFrom(facts, sandbox, patterns);
    note(`discarded: ${paths.length} ${paths.length === 1 ? 'change' : 'changes'}`);
    if (sandbox.isTrial) {
      const { removeIfEmpty } = await import('./try/remove-trial.ts');
      await removeIfEmpty(facts, sandbox);
    }
    return 0;
  },
});
