import { readdirSync, type Stats, statSync } from 'node:fs';
import { latin1FsPath, toLatin1 } from '../linux/paths.ts';
import type { Ground } from './ground.ts';

/** Raise it when skeletons are built in another way: older ones are then no longer current. */
const FORMAT = 1;

/** Directories and package databases that change when software is installed, removed or upgraded. */
const WATCHED = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/libexec',
  '/usr/include',
  '/usr/share',
  '/usr/share/doc',
  '/usr/src',
  '/usr/local/bin',
  '/usr/local/lib',
  '/usr/local/share',
  '/var/lib',
  '/var/lib/dpkg/status',
  '/var/lib/rpm',
  '/var/lib/rpm/rpmdb.sqlite',
  '/usr/lib/sysimage/rpm',
  '/usr/lib/sysimage/rpm/rpmdb.sqlite',
  '/lib/apk/db/installed',
  '/usr/lib/apk/db/installed',
  '/var/lib/pacman/local',
  '/var/db/pkg',
  '/var/db/xbps',
  '/nix/var/nix/profiles',
  '/etc/group',
  '/etc/passwd',
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/etc/nsswitch.conf',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/etc/profile',
  '/etc/bash.bashrc',
  '/etc/environment',
  '/etc/shells',
  '/etc/fstab',
  '/etc/sudoers',
  '/etc/gitconfig',
];

/** /etc is a few hundred directories; more than that is somebody's data, and not looked at for each command. */
const MOST_ETC_DIRECTORIES = 500;

function etcDirectories(): string[] {
  const found = ['/etc'];
  for (let next = 0; next < found.length && found.length < MOST_ETC_DIRECTORIES; next++) {
    const directory = found[next] ?? '';
    try {
      for (const entry of readdirSync(latin1FsPath(directory), { withFileTypes: true, encoding: 'latin1' })) {
        if (entry.isDirectory()) found.push(`${directory}/${entry.name}`);
      }
    } catch {
      // Unreadable: what is inside is not copied either.
    }
  }
  return found;
}

/**
 * Takes a ground and gives the paths (of Latin-1 characters, see paths.ts) whose change makes a skeleton out of date:
 * the roots of the overlays, where packages are installed to, the databases of package managers, and every directory of
 * /etc, whose files are copied. Walks /etc: a few milliseconds.
 */
export function watchedPaths(ground: Ground): string[] {
  const roots: string[] = [];
  for (const entry of ground.entries) {
    // What is in the other kinds of directories is part of the ground itself.
    if (entry.kind === 'overlay') roots.push(toLatin1(entry.path));
  }
  return [...new Set([...roots, ...WATCHED, ...etcDirectories()])];
}

/** Two lanes of a 32-bit multiplicative hash: node:crypto takes 5 ms to load, and nobody forges what is hashed here. */
function hash(text: string): string {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
    low = (low << 13) | (low >>> 19);
    high = (high << 17) | (high >>> 15);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return (low >>> 0).toString(16).padStart(8, '0') + (high >>> 0).toString(16).padStart(8, '0');
}

/** Who the skeleton is for: its directories are this user's, and what the user owns needs none. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Takes a ground, the watched paths and the owner, and gives a text that is the same as long as nothing changed. About
 * 5 µs a path.
 *
 * The change time is compared, not the modification time, which tar and package managers set as they like; not the
 * inode number, which is not kept over a reboot where the host is a container on overlayfs (overlayfs.rst, "Inode
 * properties").
 */
export function stampOf(ground: Ground, watched: readonly string[], owner: Owner): string {
  const parts: (string | number)[] = [FORMAT, owner.uid, owner.gid];
  for (const entry of ground.entries) {
    parts.push(entry.kind, toLatin1(entry.path));
    if (entry.kind === 'symlink') parts.push(toLatin1(entry.target));
  }
  for (const path of watched) {
    let stat: Stats | undefined;
    try {
      stat = statSync(latin1FsPath(path), { throwIfNoEntry: false });
    } catch {
      // Not to be looked at (EACCES) counts as missing.
    }
    // A directory's size is left out: some file systems count it lazily.
    if (stat === undefined) parts.push('-');
    else parts.push(stat.ctimeMs, stat.isFile() ? stat.size : 0);
  }
  return parts.join('\n');
}

/** Gives the name of the generation that belongs to a stamp: 16 hexadecimal digits. */
export function generationName(watched: readonly string[], stamp: string): string {
  return hash(`${stamp}\n${watched.join('\n')}`);
}
