import type { SandboxInfo } from '../sandbox/lifecycle.ts';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { age } from './ps/age.ts';

export const ps = defineCommand({
  name: 'ps',
  category: 'Sandboxes',
  description: 'List sandboxes',
  operands: '',
  details: `
    Lists those in which something runs; with \`--all\` also those that are kept. \`--quiet\` prints names alone, or the id
    of a sandbox that has none.
  `,
  examples: [
    ['Everything there is', 'sandbox ps --all'],
    ['For programs', 'sandbox ps --all --json'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    all: flag(['-a', '--all'], 'Also those in which nothing runs'),
    quiet: flag(['-q', '--quiet'], 'Names only'),
    json: flag(['--json'], 'Print a JSON array'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { listSandboxes } = await import('../sandbox/lifecycle.ts');
    const { print } = await import('../ui/output.ts');
    const found = (await listSandboxes()).filter(({ state }) => options.all || state !== 'stopped');
    if (options.json) print(`${JSON.stringify(found, null, 2)}\n`);
    else if (options.quiet) print(found.map(({ name, id }) => `${name ?? id}\n`).join(''));
    else print(await table(found));
    return 0;
  },
});

async function table(sandboxes: readonly SandboxInfo[]): Promise<string> {
  const { tableForOutput } = await import('../ui/table.ts');
  const now = Date.now();
  return tableForOutput<SandboxInfo>(
    [
      { heading: 'NAME', text: ({ name }) => name ?? '-' },
      { heading: 'ID', text: ({ id }) => id },
      { heading: 'STATE', text: ({ state }) => state },
      { heading: 'CREATED', text: ({ created }) => age(Date.parse(created), now) },
      { heading: 'ROOTFS', text: ({ rootfs }) => rootfs, mayShrink: true },
      { heading: 'WORKSPACE', text: ({ workspace }) => workspace ?? '-', mayShrink: true },
      { heading: 'COMMAND', text: ({ command }) => command.join(' '), mayShrink: true },
    ],
    sandboxes,
  );
}
