import { currentDirectory } from '../../linux/proc-self.ts';
import { findProject } from '../../project/find.ts';
import { attendedProjects, readState, runningState, type ServiceStatus } from '../../project/service/state.ts';
import { ownStore } from '../spec/own-store.ts';

/** Gives the services that run, by the sandbox that they run in: of all projects. */
export function servicesBySandbox(): ReadonlyMap<string, readonly ServiceStatus[]> {
  const found = new Map<string, readonly ServiceStatus[]>();
  for (const { environments, services } of attendedProjects(ownStore())) {
    for (const { name, sandbox } of environments) {
      found.set(
        sandbox,
        services.filter(({ environment }) => environment === name),
      );
    }
  }
  return found;
}

/** A service of the project here; without `status` it does not run, and has not failed. */
export interface KnownService {
  readonly name: string;
  readonly environment: string;
  readonly ports: readonly number[];
  readonly status?: ServiceStatus;
}

/** Gives the services of the project here, running or not: none without a project, or where its file has faults. */
export async function servicesHere(): Promise<readonly KnownService[]> {
  let directory: string | undefined;
  try {
    directory = findProject(currentDirectory());
  } catch {
    return [];
  }
  if (directory === undefined) return [];
  const store = ownStore();
  const last = readState(store, directory);
  const isRunning = runningState(store, directory) !== undefined;
  // Of those who were attended to by one that was killed nothing runs, whatever is written.
  const statuses = (last?.services ?? []).filter(({ state }) => isRunning || state === 'failed');
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const defined = await definedServices(directory);
  const gone = statuses.filter(({ name }) => !defined.some((known) => known.name === name));
  return [...defined, ...gone].map(({ name, environment, ports }) => {
    const status = byName.get(name);
    return { name, environment, ports, ...(status === undefined ? {} : { status }) };
  });
}

async function definedServices(directory: string): Promise<readonly KnownService[]> {
  try {
    const [{ loadProject }, { portsOf }] = await Promise.all([
      import('../../project/load.ts'),
      import('../../project/service/ports.ts'),
    ]);
    const { services } = await loadProject(directory);
    return [...services.values()].map((service) => ({
      name: service.name,
      environment: service.environment,
      ports: portsOf(service),
    }));
  } catch {
    return [];
  }
}
