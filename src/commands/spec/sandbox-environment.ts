import type { Account } from './account.ts';
import { isInside } from './workspace.ts';

/** What Debian, Fedora and the OCI images search when nothing else is said. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Of the terminal and the language; nothing that tells secrets or names sockets of the session. */
const PASSED = new Set(['TERM', 'COLORTERM', 'LANG', 'TZ']);

export interface EnvironmentParts {
  readonly host: ReadonlyMap<string, string>;
  /** The user inside. */
  readonly account: Account;
  readonly path: string;
  /** From `-e` and `--env-file`: these win. */
  readonly requested: ReadonlyMap<string, string>;
}

/** Gives the complete environment inside, names unique. `container` is systemd's convention: systemd(1), "ENVIRONMENT". */
export function sandboxEnvironment(parts: EnvironmentParts): Array<readonly [name: string, value: string]> {
  const environment = new Map([
    ['PATH', parts.path],
    ['HOME', parts.account.home],
    ['USER', parts.account.name],
    ['LOGNAME', parts.account.name],
    ['SHELL', parts.account.shell],
  ]);
  for (const [name, value] of parts.host) {
    if (PASSED.has(name) || name.startsWith('LC_')) environment.set(name, value);
  }
  environment.set('container', 'sandbox');
  for (const [name, value] of parts.requested) environment.set(name, value);
  return [...environment];
}

/**
 * Takes the host's PATH and gives what is left of it on `host`, in order and once each: absolute directories that are
 * really there and visible inside, so not in the home (by any of its paths), unless in the workspace. Gives the default if
 * nothing is left.
 */
export function searchPathInside(
  hostPath: string,
  seen: { readonly homes: readonly string[]; readonly workspace: string | undefined },
  isDirectory: (path: string) => boolean,
): string {
  const visible = (path: string): boolean => {
    if (!path.startsWith('/')) return false;
    if (seen.workspace !== undefined && isInside(path, seen.workspace)) return true;
    return !seen.homes.some((home) => home !== '/' && isInside(path, home));
  };
  const kept = new Set(hostPath.split(':').filter((path) => visible(path) && isDirectory(path)));
  return kept.size === 0 ? DEFAULT_PATH : [...kept].join(':');
}
