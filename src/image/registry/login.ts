import type { Config, Environment } from '../../config/config.ts';
import { canonicalRegistry, isRegistryName, isRepositoryName, looksLikeRegistry } from '../../config/registry-name.ts';
import { ImageError } from '../error.ts';
import { shownText } from '../unsafe-text.ts';
import { openConnection } from './connection.ts';
import { endpointOf } from './endpoint.ts';
import { discard } from './limited-body.ts';
import { type Pace, USUAL_PACE } from './pace.ts';
import { retrying } from './retry.ts';

/** What somebody logs in to: a registry, or a part of one. */
export interface LoginTarget {
  readonly registry: string;
  /** The key in files of credentials: `quay.io`, `quay.io/team`. */
  readonly key: string;
}

/** Takes `quay.io`, `quay.io/team`, `https://quay.io`. Throws an ImageError 'REFERENCE'. */
export function parseLoginTarget(unsafeText: string): LoginTarget {
  const unsafe = unsafeText.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
  const [unsafeHost = '', ...rest] = unsafe.split('/');
  const path = rest.length === 0 ? undefined : rest.join('/');
  const registry = canonicalRegistry(unsafeHost);
  // Here a lone word would be a registry for docker and podman too, but there is none of such a name.
  const named = looksLikeRegistry(unsafeHost) && isRegistryName(registry);
  if (!named || (path !== undefined && !isRepositoryName(path))) {
    throw new ImageError('REFERENCE', `${shownText(unsafeText)} is no registry`, {
      hint: 'write HOST, HOST:PORT or HOST/PATH: docker.io, quay.io/team, 127.0.0.1:5000',
    });
  }
  return { registry, key: path === undefined ? registry : `${registry}/${path}` };
}

export interface LoginOptions {
  readonly username: string;
  readonly password: string;
  readonly config: Config;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly pace?: Pace;
}

/**
 * Has the registry check a username and password: `GET /v2/`, OCI distribution spec, "Determining Support". Gives whether
 * it asked for them at all. Throws an ImageError 'DENIED' where it does not accept them.
 */
export async function verifyLogin({ registry }: LoginTarget, options: LoginOptions): Promise<{ asked: boolean }> {
  const { username, password, config, environment, signal, pace = USUAL_PACE } = options;
  let asked = false;
  const credentials = { kind: 'password', username, password } as const;
  const source = async () => {
    asked = true;
    return { credentials, problems: [] };
  };
  const connection = openConnection(endpointOf(registry, '', false, { config, environment, pace }), source, pace);
  const response = await retrying({ pace, signal, tries: 3 }, () =>
    connection.request({
      method: 'GET',
      path: '',
      headers: {},
      signal,
      thing: 'a login',
      kind: 'login',
      expected: [200],
    }),
  );
  discard(response);
  return { asked };
}
