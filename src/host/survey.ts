import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { hostArch } from '../linux/arch.ts';
import { decodeBytes } from '../linux/bytes.ts';
import { fsPath } from '../linux/paths.ts';
import { currentAccount } from './account.ts';
import { realLocation } from './directories.ts';
import type { HostFacts } from './facts.ts';
import { surveyIds } from './ids.ts';
import { readHostMounts } from './mounts.ts';
import { overlaySupport } from './overlay-probe.ts';

/** The variables that decide where things are. */
export interface SurveyEnvironment {
  readonly HOME?: string | undefined;
  readonly PATH?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
}

function normalised(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;
}

/**
 * Takes XDG_DATA_HOME and the home and gives the path of the store: `$XDG_DATA_HOME/sandbox`. A relative value is to be
 * ignored (XDG Base Directory Specification, "Basics"). Whether it exists is not looked at.
 */
export function storePath(xdgDataHome: string | undefined, home: string): string {
  return normalised(xdgDataHome?.startsWith('/') ? `${xdgDataHome}/sandbox` : `${home}/.local/share/sandbox`);
}

function resolvConf(): HostFacts['resolvConf'] {
  try {
    return { path: realLocation('/etc/resolv.conf'), content: decodeBytes(readFileSync('/etc/resolv.conf')) };
  } catch {
    return undefined;
  }
}

function localtime(): string | undefined {
  const path = realLocation('/etc/localtime');
  try {
    // A zone file starts with 'TZif' (RFC 9636); a dangling link or a directory is no time zone.
    return readFileSync(fsPath(path)).toString('latin1', 0, 4) === 'TZif' ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Gives what the plan has to know of the host and the user, in about a millisecond: a dozen small files are read, no
 * program is started. Throws a LinuxError where /proc is not mounted, and a RangeError on an unknown architecture.
 *
 * The home is `$HOME`, as every shell sees it, else the account's. Copy-on-write is taken as it was when it was last
 * tried on this kernel (overlay-probe.ts). Without an argument, this process's own environment is looked at once.
 */
export function surveyHost(environment?: SurveyEnvironment): HostFacts {
  if (environment !== undefined) return survey(environment);
  known ??= survey(process.env);
  return known;
}

let known: HostFacts | undefined;

function survey(environment: SurveyEnvironment): HostFacts {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const account = currentAccount(uid);
  const home = normalised(environment.HOME?.startsWith('/') ? environment.HOME : account.home);
  const store = storePath(environment.XDG_DATA_HOME, home);
  const mounts = readHostMounts();
  const resolver = resolvConf();
  const zone = localtime();
  const overlay = overlaySupport({ store, mounts, release: release(), uid });
  return {
    arch: hostArch(),
    uid,
    gid,
    userName: account.name,
    home,
    ids: surveyIds({ uid, name: account.name }, environment.PATH ?? ''),
    ...(overlay === undefined ? {} : { overlay }),
    mounts,
    store,
    ...(resolver === undefined ? {} : { resolvConf: resolver }),
    ...(zone === undefined ? {} : { localtime: zone }),
  };
}
