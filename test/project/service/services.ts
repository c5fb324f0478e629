import type { Service } from '../../../src/project/model.ts';

/** A service as loadProject gives it. */
export function service(name: string, more: Partial<Service> = {}): Service {
  return {
    name,
    run: 'true',
    environment: 'default',
    variables: [],
    requires: [],
    readyTimeout: 30,
    stopSignal: 'SIGTERM',
    stopTimeout: 10,
    ports: [],
    ...more,
  };
}

export function named(...services: readonly Service[]): ReadonlyMap<string, Service> {
  return new Map(services.map((each) => [each.name, each]));
}
