import { defineCommand } from './arguments/command.ts';
import { UsageError } from './arguments/usage-error.ts';

/** What a shim becomes when it cannot go on by itself: not for people, and in no list. */
export const serveShim = defineCommand({
  name: '__shim',
  category: undefined,
  description: 'Do the work of a shim that is perhaps stale',
  operands: 'DIRECTORY ENVIRONMENT NAME -- [ARGUMENT…]',
  details:
    'Makes the shim anew and runs its program, or says that it is stale. The exit status is the program’s own, or 125.',
  examples: [['As a shim calls it', 'sandbox __shim /home/me/shop default node -- --version']],
  completion: { kind: 'nothing' },
  takesCommand: true,
  options: {},
  rule: { limit: () => 3, surplus: 'refused' },
  execute: async ({ operands: [directory, environment, name], rest = [] }) => {
    if (directory === undefined || environment === undefined || name === undefined)
      throw new UsageError('expected a directory, an environment and a name');
    const { freshEnvironment } = await import('./shim/fresh-environment.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => {
      const ready = await freshEnvironment({ directory, environment, name });
      const { startEnvironment } = await import('./spec/start.ts');
      const { parseArguments } = await import('./arguments/parse-arguments.ts');
      const { sandboxOptions } = await import('./options/sandbox-options.ts');
      const { options } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, []);
      return await startEnvironment(ready, { options, command: [name, ...rest] });
    });
  },
});
