import type { Environment } from '../../config/config.ts';
import { type AuthFile, authFilePaths, entriesFor, helperFor, readAuthFile } from './auth-file.ts';
import type { Endpoint } from './endpoint.ts';

/** What lets somebody in. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** What a token service takes instead of a password. */
  | { readonly kind: 'identity'; readonly token: string };

export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Why there may be none: told if access is denied, since public images need none. */
  readonly problems: readonly string[];
}

/** Gives the credentials for an endpoint; asked only when the registry wants some. */
export type CredentialsSource = (endpoint: Pick<Endpoint, 'registry' | 'repository'>) => Promise<FoundCredentials>;

/** The keys of a repository, the most specific first: `quay.io/team/app`, `quay.io/team`, `quay.io`. */
function keysOf(registry: string, repository: string): string[] {
  const parts = repository === '' ? [] : repository.split('/');
  return [...parts.map((_, count) => [registry, ...parts.slice(0, parts.length - count)].join('/')), registry];
}

/** Takes `auths` of a file for one key. The password may have NULs at its end (containers-auth.json of old). */
function entryCredentials(file: AuthFile, key: string): Credentials | undefined {
  for (const [, { auth, identitytoken }] of entriesFor(file, key)) {
    if (typeof identitytoken === 'string' && identitytoken !== '') return { kind: 'identity', token: identitytoken };
    if (typeof auth !== 'string' || auth === '') continue;
    const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon > 0) return { kind: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  return undefined;
}

async function fromFile(
  file: AuthFile,
  registry: string,
  repository: string,
  environment: Environment,
  problems: string[],
): Promise<Credentials | undefined> {
  const helper = helperFor(file, registry);
  if (helper !== undefined) {
    const { askHelper, HelperFailure } = await import('./credential-helper.ts');
    try {
      const kept = await askHelper(helper, registry, environment);
      if (kept !== undefined) return kept;
    } catch (error) {
      if (!(error instanceof HelperFailure)) throw error;
      problems.push(`${error.message} (${file.path})`);
    }
  }
  for (const key of keysOf(registry, repository)) {
    const found = entryCredentials(file, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Looks in the files of containers-auth.json(5) and docker, and with the programs that they name, in this order. */
export function credentialsFrom(environment: Environment): CredentialsSource {
  return async ({ registry, repository }) => {
    const problems: string[] = [];
    for (const path of authFilePaths(environment)) {
      try {
        const file = readAuthFile(path);
        const credentials = file && (await fromFile(file, registry, repository, environment, problems));
        if (credentials !== undefined) return { credentials, problems };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'CREDENTIALS')) throw error;
        problems.push(error.message);
      }
    }
    return { credentials: undefined, problems };
  };
}
