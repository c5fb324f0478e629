import type { SandboxInfo } from '../sandbox/lifecycle.ts';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { age } from './ps/age.ts';
import type { KnownService } from './ps/project-services.ts';

export const ps = defineCommand({
  name: 'ps',
  category: 'Sandboxes',
  description: "List sandboxes, and the project's services",
  operands: '',
  details: `
    Lists those in which something runs; with \`--all\` also those that are kept. \`--quiet\` prints names alone, or the id
    of a sandbox that has none. In a project its services are listed too, running or not; of a sandbox in which services of any
    project run, \`--json\` shows them as its \`services\`.
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
    if (options.quiet && !options.json) {
      print(found.map(({ name, id }) => `${name ?? id}\n`).join(''));
      return 0;
    }
    const { servicesBySandbox, servicesHere } = await import('./ps/project-services.ts');
    if (options.json) {
      const services = servicesBySandbox();
      const all = found.map((each) => (services.has(each.id) ? { ...each, services: services.get(each.id) } : each));
      print(`${JSON.stringify(all, null, 2)}\n`);
      return 0;
    }
    const services = await servicesHere();
    print(await table(found));
    if (services.length > 0) print(`\n${await serviceTable(services)}`);
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

async function serviceTable(services: readonly KnownService[]): Promise<string> {
  const { tableForOutput } = await import('../ui/table.ts');
  const now = Date.now();
  const stateOf = ({ status }: KnownService): string => {
    if (status === undefined) return 'stopped';
    return status.state === 'failed' ? `failed (${status.status})` : status.state;
  };
  return tableForOutput<KnownService>(
    [
      { heading: 'SERVICE', text: ({ name }) => name },
      { heading: 'ENVIRONMENT', text: ({ environment }) => environment },
      { heading: 'STATE', text: stateOf },
      { heading: 'PID', text: ({ status }) => `${status?.pid ?? '-'}` },
      { heading: 'PORTS', text: ({ ports }) => (ports.length === 0 ? '-' : ports.join(', ')) },
      { heading: 'SINCE', text: ({ status }) => (status === undefined ? '-' : age(Date.parse(status.since), now)) },
    ],
    services,
  );
}
