import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';

export const trust = defineCommand({
  name: 'trust',
  category: 'Projects',
  description: "Give a project's files what they ask for",
  operands: '[DIR]',
  details: `
    A sandbox.toml that somebody else wrote may ask for directories outside of the project, variables, secrets, devices, or
    parts of your session. It gets none of them until you have read what it asks for and trust it. This prints what it asks
    for and remembers that it may have it, as long as sandbox.toml and sandbox.local.toml stay as they are, byte by byte.
    \`sandbox add\` and \`remove\` may change the file, if it does not ask for more then.

    Trust is also what \`sandbox hook\` needs before it puts a project's shims on PATH, and what lets a project share the
    caches of package managers with your other projects.
  `,
  examples: [
    ['Read it first', 'sandbox trust --show'],
    ['The project here', 'sandbox trust'],
    ['Never mind', 'sandbox trust --revoke ~/src/shop'],
    ['What is trusted', 'sandbox trust --list'],
  ],
  completion: { kind: 'directories' },
  takesCommand: false,
  options: {
    show: flag(['--show'], 'Only show what it asks for; status 1 where it is not trusted'),
    revoke: flag(['--revoke'], 'Take the trust away'),
    list: flag(['--list'], 'List what is trusted'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const asked = [options.show, options.revoke, options.list].filter(Boolean).length;
    if (asked > 1) throw new UsageError('only one of --show, --revoke and --list can be given');
    if (options.list && operands.length > 0) throw new UsageError('--list takes no directory');
    const { listTrust, revokeProject, showTrust, trustProject } = await import('./trust/trust-project.ts');
    if (options.list) return listTrust();
    if (options.revoke) return await revokeProject(operands[0]);
    return options.show ? await showTrust(operands[0]) : await trustProject(operands[0]);
  },
});
