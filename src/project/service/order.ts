import { didYouMean } from '../../config/did-you-mean.ts';
import { ProjectError } from '../error.ts';
import type { Service } from '../model.ts';

/**
 * Gives the services of these names, all where there is none, with all that they require: each stands behind what it requires.
 * Throws a ProjectError: UNKNOWN, CYCLE.
 */
export function inOrder(services: ReadonlyMap<string, Service>, names: readonly string[]): Service[] {
  const found = new Set<Service>();
  const visit = (name: string, path: readonly string[]): void => {
    const service = services.get(name) ?? unknown(name, services, path.at(-1));
    if (found.has(service)) return;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name];
      throw new ProjectError('CYCLE', `services require each other: ${circle.join(' -> ')}`, {
        hint: 'leave one of these out of `requires`',
      });
    }
    for (const required of service.requires) visit(required, [...path, name]);
    found.add(service);
  };
  for (const name of names.length === 0 ? services.keys() : names) visit(name, []);
  return [...found];
}

/** Gives the services of these names, in the order of the file; all where there is none. Throws a ProjectError UNKNOWN. */
export function expectServices(services: ReadonlyMap<string, Service>, names: readonly string[]): Service[] {
  for (const name of names) if (!services.has(name)) unknown(name, services, undefined);
  return [...services.values()].filter(({ name }) => names.length === 0 || names.includes(name));
}

function unknown(name: string, services: ReadonlyMap<string, Service>, by: string | undefined): never {
  const names = [...services.keys()];
  const nearest = didYouMean(name, names);
  const asked = by === undefined ? '' : `, which ${by} requires`;
  const known = names.length === 0 ? 'it has none: [service.NAME] begins one' : `it has ${names.join(', ')}`;
  throw new ProjectError('UNKNOWN', `sandbox.toml has no service ${JSON.stringify(name)}${asked}`, {
    hint: nearest === undefined ? known : `did you mean ${nearest}?`,
  });
}
