import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Whoever runs what is measured. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** A directory on the disk of the run, with all that the account keeps. */
  readonly home: string;
  /** As a login session has it: in memory, the account's own. Podman wants it short. */
  readonly runtimeDirectory: string;
  /** Has ranges in /etc/subuid and /etc/subgid: root inside a sandbox has the users beside it that a system expects. */
  readonly subordinate: boolean;
}

export const isRoot = process.getuid?.() === 0;

export const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

function hasSubordinateIds(name: string): boolean {
  return ['/etc/subuid', '/etc/subgid'].every(
    (path) =>
      existsSync(path) &&
      readFileSync(path, 'utf8')
        .split('\n')
        .some((line) => line.startsWith(`${name}:`)),
  );
}

/**
 * Gives the accounts to measure as, with homes below `disk`: as root two of the benchmark's own, with subordinate ids
 * and without, made at the first run and kept; otherwise whoever runs this.
 */
export function accounts(disk: string): Account[] {
  if (!isRoot) return [describe(userInfo().username, disk)];
  makeAccount('sandbox-bench', disk, true);
  makeAccount('sandbox-bench-bare', disk, false);
  return ['sandbox-bench', 'sandbox-bench-bare'].map((name) => describe(name, disk));
}

function describe(name: string, disk: string): Account {
  const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' })));
  const subordinate = hasSubordinateIds(name);
  return { name, uid, gid, home: `${disk}/${name}`, runtimeDirectory: `${disk}/r${uid}`, subordinate };
}

function makeAccount(name: string, disk: string, subordinate: boolean): void {
  if (spawnSync('id', [name]).status !== 0) {
    const none = subordinate ? [] : ['-K', 'SUB_UID_COUNT=0', '-K', 'SUB_GID_COUNT=0'];
    execFileSync('useradd', [
      '--no-create-home',
      '--home-dir',
      `${disk}/${name}`,
      '--shell',
      '/bin/bash',
      ...none,
      name,
    ]);
  }
  if (subordinate && !hasSubordinateIds(name)) {
    execFileSync('usermod', ['--add-subuids', '700000-765535', '--add-subgids', '700000-765535', name]);
  }
}

/** The environment of a login session, and nothing of whoever runs the benchmark. */
export function environmentOf(account: Account): Record<string, string> {
  return {
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    PATH: SEARCH_PATH,
    XDG_RUNTIME_DIR: account.runtimeDirectory,
  };
}
