import { signalName, signalNumber } from '../../linux/constants/signal.ts';
import type { Environment, Ready, Service } from '../model.ts';
import type { ServiceTable } from '../schema/service.ts';
import type { Problem } from './problems.ts';
import { expectNames, expectNoCycle, unknown } from './references.ts';
import { directoryOf, variablesOf, withoutUndefined } from './values.ts';

const READY_SECONDS = 30;
const STOP_SECONDS = 10;

/** Takes the checked tables; gives the services, and adds to `problems` what is wrong with them. `names`: of environments. */
export function readServices(
  tables: Readonly<Record<string, ServiceTable>> | undefined,
  names: ReadonlySet<string>,
  problems: Problem[],
): ReadonlyMap<string, Service> {
  const entries = Object.entries(tables ?? {});
  const services = new Map(entries.map(([name, table]) => [name, serviceOf(name, table, problems)]));
  for (const [name, { requires, environment }] of services) {
    const at = ['service', name];
    expectNames('service', requires, services, { path: [...at, 'requires'], problems });
    if (!names.has(environment)) problems.push(unknown('environment', environment, [...at, 'environment'], names));
  }
  expectNoCycle('service', services, problems);
  return services;
}

function serviceOf(name: string, table: ServiceTable, problems: Problem[]): Service {
  const at = ['service', name];
  if (table.run === undefined) problems.push({ path: at, message: 'run is missing', hint: 'run = "…"', rank: 3 });
  const number = signalNumber(table['stop-signal'] ?? 'SIGTERM');
  if (number === undefined) {
    const message = `${JSON.stringify(table['stop-signal'])} is no signal`;
    problems.push({ path: [...at, 'stop-signal'], message, hint: 'such as "SIGTERM", "SIGINT", "SIGQUIT"', rank: 1 });
  }
  return {
    name,
    run: table.run ?? '',
    environment: table.environment ?? 'default',
    variables: variablesOf(table.env),
    requires: [...new Set(table.requires)],
    readyTimeout: table['ready-timeout'] ?? READY_SECONDS,
    stopSignal: signalName(number ?? 0),
    stopTimeout: table['stop-timeout'] ?? STOP_SECONDS,
    ports: table.ports ?? [],
    ...withoutUndefined({
      description: table.description,
      workdir: directoryOf(table.workdir),
      user: table.user === undefined ? undefined : `${table.user}`,
      ready: table.ready === undefined ? undefined : readyOf(table.ready, [...at, 'ready'], problems),
    }),
  };
}

function readyOf(
  table: NonNullable<ServiceTable['ready']>,
  path: readonly string[],
  problems: Problem[],
): Ready | undefined {
  const found: Ready[] = [];
  const { tcp, http, command, log, file } = table;
  if (tcp !== undefined) found.push({ kind: 'tcp', port: tcp });
  if (http !== undefined) found.push({ kind: 'http', url: http });
  if (command !== undefined) found.push({ kind: 'command', run: command });
  if (log !== undefined) found.push({ kind: 'log', text: log });
  if (file !== undefined) found.push({ kind: 'file', path: file });
  if (found.length !== 1) {
    const message = `expected exactly one of tcp, http, command, log and file, got ${found.length}`;
    problems.push({ path, message, hint: 'such as ready = { tcp = 5432 }', rank: 1 });
  }
  if (http !== undefined && !URL.canParse(http)) {
    problems.push({ path: [...path, 'http'], message: `${JSON.stringify(http)} is no URL`, rank: 1 });
  }
  return found[0];
}

/** Adds to `problems` what two services listen on that can be up together. */
export function expectFreePorts(
  services: ReadonlyMap<string, Service>,
  environments: ReadonlyMap<string, Environment>,
  problems: Problem[],
): void {
  const owners = new Map<string, string>();
  for (const { name, environment, ports } of services.values()) {
    const isAlone = environments.get(environment)?.network === 'none';
    for (const [index, port] of ports.entries()) {
      // Those of a network of its own are taken in that environment alone.
      const where = `${isAlone ? environment : ''} ${port}`;
      const owner = owners.get(where);
      const path = ['service', name, 'ports', `${index}`];
      if (owner !== undefined) {
        const message = `port ${port} is that of ${owner === name ? 'this service already' : `the service ${owner}`}`;
        problems.push({ path, message, hint: 'two programs cannot listen on one port', rank: 1 });
      }
      owners.set(where, name);
    }
  }
}
