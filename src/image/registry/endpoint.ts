import { type Config, type Environment, settingsOf } from '../../config/config.ts';
import { DEFAULT_REGISTRY } from '../../config/registry-name.ts';
import type { Reference } from '../model.ts';
import { type Exchange, openExchange } from './exchange.ts';
import { isLoopback } from './loopback.ts';
import type { Pace } from './pace.ts';

/** The host that answers for docker.io, whose own name is a web page. */
const DEFAULT_HOST = 'registry-1.docker.io';

/** One place where a repository can be had. */
export interface Endpoint {
  /** As it is configured and logged in to. */
  readonly registry: string;
  readonly host: string;
  /** Of this registry: with the prefix of a mirror. */
  readonly repository: string;
  readonly isMirror: boolean;
  /** Tried in this order until one of them is understood. */
  readonly schemes: ReadonlyArray<'https' | 'http'>;
  readonly insecure: boolean;
  readonly exchange: Exchange;
}

/** To this machine http is as good as https, quicker, and what registries for trying things out speak. */
function schemesFor(host: string, insecure: boolean): ReadonlyArray<'https' | 'http'> {
  if (isLoopback(host)) return ['http', 'https'];
  return insecure ? ['https', 'http'] : ['https'];
}

export interface Surroundings {
  readonly config: Config;
  readonly environment: Environment;
  readonly pace: Pace;
}

/** Gives the endpoint of one registry. */
export function endpointOf(
  registry: string,
  repository: string,
  isMirror: boolean,
  { config, environment, pace }: Surroundings,
): Endpoint {
  const settings = settingsOf(config, registry);
  const host = registry === DEFAULT_REGISTRY ? DEFAULT_HOST : registry;
  return {
    registry,
    host,
    repository,
    isMirror,
    schemes: schemesFor(host, settings.insecure),
    insecure: settings.insecure,
    exchange: openExchange(settings, environment, pace),
  };
}

/** Gives where a reference can be had: the mirrors of its registry in order, and the registry itself at the end. */
export function endpointsOf({ registry, repository }: Reference, surroundings: Surroundings): readonly Endpoint[] {
  const mirrors = settingsOf(surroundings.config, registry).mirrors.map((mirror) =>
    endpointOf(mirror.registry, mirror.prefix + repository, true, surroundings),
  );
  return [...mirrors, endpointOf(registry, repository, false, surroundings)];
}
