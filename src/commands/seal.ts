import { defineCommand } from './arguments/command.ts';

/** What the process that makes layers executes, as root of a user namespace: not for people, and in no list. */
export const seal = defineCommand({
  name: '__seal',
  category: undefined,
  description: 'Make the layers that the process at the other end of standard input asks for',
  operands: '',
  details: 'A build starts this command in a user namespace and speaks with it in lines of JSON.',
  examples: [['As a build starts it', 'sandbox __seal']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async () => {
    const { serveSealing } = await import('../image/pack/serve.ts');
    serveSealing();
    return 0;
  },
});
