import { defineCommand } from './arguments/command.ts';

export const trusted = defineCommand({
  name: '__trusted',
  category: undefined,
  description: 'Say whether the files of a project are trusted as they are (for `sandbox hook`)',
  operands: 'DIR',
  details: 'Status 0 where they are, 1 where not. DIR is the absolute real path of the project.',
  examples: [],
  completion: { kind: 'directories' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands: [directory = ''] }) => {
    const [{ digestOfProject }, { isTrusted }, { ownStore }] = await Promise.all([
      import('../project/trust/digest.ts'),
      import('../project/trust/record.ts'),
      import('./spec/own-store.ts'),
    ]);
    try {
      const digest = digestOfProject(directory);
      return digest !== undefined && isTrusted(ownStore(), directory, digest) ? 0 : 1;
    } catch {
      // A link or a device in place of a file: the hook runs before each prompt, and says nothing.
      return 1;
    }
  },
});
