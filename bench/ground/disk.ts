import { execFileSync } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type Account, isRoot } from './account.ts';

/** Where what is kept between runs lies, and the disk of a run is mounted. */
const BASE = `/var/tmp/sandbox-bench${isRoot ? '' : `-${process.getuid?.()}`}`;
const SIZE = 12 * 2 ** 30;

/** Makes the directory for what is kept. Throws where someone else made it first: /var/tmp is everyone's. */
export function cacheDirectory(): string {
  mkdirSync(BASE, { recursive: true, mode: 0o755 });
  const found = lstatSync(BASE);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${BASE} is not ours: remove it`);
  return BASE;
}

/**
 * Gives an empty directory on a journaled ext4, in a file of its own: on an ext4 without a journal the creation of
 * files is slow for minutes after others were removed (`recently_deleted` in fs/ext4/ialloc.c), and which peer that
 * hits is chance. The file has no name once it is mounted, so that it goes with the mount namespace. Only root can
 * mount one: elsewhere a directory in /var/tmp has to do.
 */
export function makeDisk(): string {
  const base = cacheDirectory();
  if (!isRoot) return mkdtempSync(`${base}/run-`);
  const disk = `${base}/disk`;
  const image = `${base}/disk-${process.pid}.img`;
  mkdirSync(disk, { recursive: true, mode: 0o755 });
  try {
    writeFileSync(image, '', { mode: 0o600 });
    truncateSync(image, SIZE);
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
    execFileSync('mount', ['-o', 'loop', image, disk]);
  } finally {
    rmSync(image, { force: true });
  }
  return disk;
}

/** Makes the account's home and its runtime directory: in memory where that can be mounted, as in a login session. */
export function makeHome(account: Account): void {
  mkdirSync(account.runtimeDirectory, { mode: 0o700 });
  mkdirSync(account.home, { mode: 0o755 });
  mkdirSync(`${account.home}/work`, { mode: 0o755 });
  if (!isRoot) return;
  const owner = `mode=0700,uid=${account.uid},gid=${account.gid}`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', `nosuid,nodev,${owner}`, 'tmpfs', account.runtimeDirectory]);
  for (const path of [account.home, `${account.home}/work`]) chownSync(path, account.uid, account.gid);
}
