import { defineCommand } from './arguments/command.ts';
import { UsageError } from './arguments/usage-error.ts';

/** What the unpacker's process executes, as root of a user namespace: not for people, and in no list. */
export const unpack = defineCommand({
  name: '__unpack',
  category: undefined,
  description: 'Unpack the layers that the process at the other end of standard input asks for',
  operands: 'OWNERS',
  details: 'A pull starts this command in a user namespace and speaks with it in lines of JSON.',
  examples: [['With all ids that the namespace maps', 'sandbox __unpack kept']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands }) => {
    const [owners] = operands;
    if (owners !== 'kept' && owners !== 'one') throw new UsageError("expected 'kept' or 'one'");
    const { serveUnpacking } = await import('../image/unpack/serve.ts');
    serveUnpacking(owners);
    return 0;
  },
});
