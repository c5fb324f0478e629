import type { Lifetime } from '../plan/spec.ts';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { parseSandboxName } from './options/names.ts';
import { sandboxOptions } from './options/sandbox-options.ts';

/** The sandbox of `sandbox shell` without a name. */
const DEFAULT_NAME = 'default';

function lifetimeOf(name: string | undefined, remove: boolean): Lifetime {
  // `host` is the image, and the only one.
  if (name === undefined || name === 'host') {
    return remove ? { kind: 'ephemeral' } : { kind: 'named', name: DEFAULT_NAME };
  }
  if (remove) throw new UsageError(`--rm: a sandbox with a name is kept, and ${JSON.stringify(name)} is one`);
  return { kind: 'named', name: parseSandboxName(name) };
}

export const shell = defineCommand({
  name: 'shell',
  category: 'Sandboxes',
  description: 'Open a shell in a sandbox that keeps its changes',
  operands: '[NAME] [-- COMMAND [ARGUMENT…]]',
  details: `
    The sandbox called NAME (\`default\` without one) is made the first time and opened again later, with everything that
    was changed in it; \`sandbox rm NAME\` removes it. While it is open, a second \`sandbox shell NAME\` joins it.

    It shows the system of this machine, copy-on-write, or the one in \`--rootfs DIR\`. The current directory is mounted at
    its own path; the rest of the home is not there. A command after \`--\` runs instead of the login shell.
  `,
  examples: [
    ['Open the default sandbox', 'sandbox shell'],
    ['Try something and forget it', 'sandbox shell --rm'],
    ['Keep one per project, without a network', 'sandbox shell website --network none'],
  ],
  completion: { kind: 'sandboxes' },
  takesCommand: true,
  options: { ...sandboxOptions, rm: flag(['--rm'], 'Remove the sandbox when the shell ends') },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands, rest }) => {
    const lifetime = lifetimeOf(operands[0], options.rm);
    const { start } = await import('./spec/start.ts');
    return await start({ options, lifetime, command: rest });
  },
});
