import { execFileSync } from 'node:child_process';
import { type Account, environmentOf, isRoot } from '../ground/account.ts';
import { type Ground, OPEN } from '../ground/ground.ts';
import type { Command } from '../measure/process.ts';
import type { Candidate } from './candidate.ts';

const NO_DEBIAN = 'no root file system: mmdebstrap is not installed';

/** How the ids of an account show in a name. */
function ids(account: Account): string {
  return account.subordinate ? 'subordinate ids' : 'one id';
}

/** `sandbox run -- true` on the machine's own system. */
export function runOnHost({ sandbox }: Ground, account: Account): Candidate {
  const argv = [sandbox, 'run', '--network', 'none', '--', 'true'];
  return { name: `sandbox run -- true (host, ${ids(account)})`, command: { argv, account } };
}

/** `sandbox run --rootfs DEBIAN -- true`. */
export function runOnDebian({ sandbox, debian }: Ground, account: Account): Candidate {
  const name = `sandbox run --rootfs DEBIAN -- true (${ids(account)})`;
  const root = debian.get(account);
  if (root === undefined) return { name, command: undefined, reason: NO_DEBIAN };
  const argv = [sandbox, 'run', '--network', 'none', '--workspace', 'none', '--rootfs', root, '--', 'true'];
  return { name, command: { argv, account } };
}

/** A launcher that `sandbox plan --output` wrote: no Node is left in it. */
export function launcher({ sandbox, debian }: Ground, account: Account, profile: 'dev' | 'strict' = 'dev'): Candidate {
  const name = `launcher file${profile === 'dev' ? '' : `, ${profile}`} (${ids(account)})`;
  const root = debian.get(account);
  if (root === undefined) return { name, command: undefined, reason: NO_DEBIAN };
  const file = `${account.home}/launcher-${profile}`;
  const options = ['--workspace', 'none', '--network', 'none', '--profile', profile, '--rootfs', root];
  const words = ['plan', ...options, '--output', file, '--', 'true'];
  try {
    execFileSync(sandbox, words, { ...asAccount(account), stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    return { name, command: undefined, reason: String(error) };
  }
  return { name, command: { argv: [file], account } };
}

function asAccount(account: Account): { cwd: string; env: Record<string, string>; uid?: number; gid?: number } {
  const owner = isRoot ? { uid: account.uid, gid: account.gid } : {};
  return { cwd: `${account.home}/work`, env: environmentOf(account), ...owner };
}

/** The executable starts, finds out what it is asked for and ends: Node, the bundle, and nothing of a sandbox. */
export function version({ sandbox, bare }: Ground): Candidate {
  return { name: 'sandbox --version', command: { argv: [sandbox, '--version'], account: bare } };
}

/** Each time a command that was not run before: its launcher is not kept from the last time, but compiled. */
export function runAnother({ sandbox, bare }: Ground): Candidate {
  let count = 0;
  return {
    name: `sandbox run -- true N, never run before (host, ${ids(bare)})`,
    get command() {
      return { argv: [sandbox, 'run', '--network', 'none', '--', 'true', String(count++)], account: bare };
    },
  };
}

/** A sandbox that is open for as long as nobody ends its command, and gone with it. */
export function idleSandbox(ground: Ground, account: Account): Command | undefined {
  return sleeping(ground, account, ['run']);
}

/** The same with a name, to join it. */
export function openSandbox(ground: Ground, account: Account): Command | undefined {
  return sleeping(ground, account, ['shell', OPEN]);
}

function sleeping({ sandbox, debian }: Ground, account: Account, words: readonly string[]): Command | undefined {
  const root = debian.get(account);
  if (root === undefined) return undefined;
  const options = ['--network', 'none', '--workspace', 'none', '--rootfs', root];
  return { argv: [sandbox, ...words, ...options, '--', 'sleep', '3600'], account };
}

/** One more command in the sandbox that is open. */
export function joinSandbox({ sandbox }: Ground, account: Account): Candidate {
  const argv = [sandbox, 'shell', OPEN, '--', 'true'];
  return { name: `sandbox shell NAME -- true, joining (${ids(account)})`, command: { argv, account } };
}
