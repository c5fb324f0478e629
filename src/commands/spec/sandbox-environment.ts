import type { Account } from './account.ts';
import { isInside } from './workspace.ts';

/** What Debian, Fedora and the OCI images search when nothing else is said. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Of the terminal and the language; nothing that tells secrets or names sockets of the session. */
const PASSED = new Set(['TERM', 'COLORTERM', 'LANG', 'TZ']);
/** The locale that the C libraries of images have without its being generated, for hosts that write UTF-8. */
const IMAGE_LOCALE = 'C.UTF-8';

export interface EnvironmentParts {
  readonly host: ReadonlyMap<string, string>;
  /** The user inside. */
  readonly account: Account;
  readonly path: string;
  /** What an image sets, which wins over all that is ours; undefined: the root file system is no image. */
  readonly image: ReadonlyArray<readonly [name: string, value: string]> | undefined;
  /** The way to what of the session is shown. */
  readonly session?: ReadonlyArray<readonly [name: string, value: string]>;
  /** From `-e` and `--env-file`: these win. */
  readonly requested: ReadonlyMap<string, string>;
}

/** Locales are generated for each system: the host's own name would mean nothing in an image, and warnings there. */
function writesUtf8(host: ReadonlyMap<string, string>): boolean {
  const locale = host.get('LC_ALL') || host.get('LC_CTYPE') || host.get('LANG') || '';
  return /utf-?8$/i.test(locale);
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
  const isLocale = (name: string): boolean => name === 'LANG' || name.startsWith('LC_');
  for (const [name, value] of parts.host) {
    if (parts.image !== undefined && isLocale(name)) continue;
    if (PASSED.has(name) || isLocale(name)) environment.set(name, value);
  }
  if (parts.image !== undefined && writesUtf8(parts.host)) environment.set('LANG', IMAGE_LOCALE);
  environment.set('container', 'sandbox');
  for (const [name, value] of parts.image ?? []) environment.set(name, value);
  for (const [name, value] of parts.session ?? []) environment.set(name, value);
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
