/*
 * Run inside the user namespace: prints a Listing of the directories that are its arguments, as a JSON object by argument.
 * Arguments: paths.
 */
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostSyscalls } from '../../../../src/linux/koffi-syscalls.ts';
import { fromLatin1, latin1FsPath } from '../../../../src/linux/paths.ts';
import type { Listed, Listing } from './listing.ts';

function typeOf(stats: BigIntStats): Listed['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  return stats.isCharacterDevice() && stats.rdev === 0n ? 'whiteout' : 'other';
}

function xattrsOf(path: string): Record<string, string> {
  const names = hostSyscalls().llistxattr(fromLatin1(path));
  return Object.fromEntries(
    names.map((name) => [name, hostSyscalls().lgetxattr(fromLatin1(path), name)?.toString('latin1') ?? '']),
  );
}

function describe(path: string): Listed {
  const stats = lstatSync(latin1FsPath(path), { bigint: true });
  const type = typeOf(stats);
  const seconds = stats.mtimeNs / 1_000_000_000n - (stats.mtimeNs % 1_000_000_000n < 0n ? 1n : 0n);
  const nanoseconds = stats.mtimeNs - seconds * 1_000_000_000n;
  return {
    type,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: type === 'directory' ? 0 : Number(stats.size),
    blocks: Number(stats.blocks),
    mtime: `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
    links: Number(stats.nlink),
    inode: String(stats.ino),
    ...(type === 'symlink' ? { target: readlinkSync(latin1FsPath(path), { encoding: 'latin1' }) } : {}),
    ...(type === 'file' && stats.size <= 65_536n ? { content: readFileSync(latin1FsPath(path), 'latin1') } : {}),
    xattrs: xattrsOf(path),
  };
}

function list(root: string): Listing {
  const listing: Record<string, Listed> = {};
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    const path = below === '' ? root : `${root}/${below}`;
    // limits.h: nobody can name what lies deeper.
    if (path.length >= 4096) continue;
    const listed = describe(path);
    listing[below] = listed;
    if (listed.type !== 'directory') continue;
    for (const name of readdirSync(latin1FsPath(path), { encoding: 'latin1' }))
      waiting.push(below === '' ? name : `${below}/${name}`);
  }
  return listing;
}

const all = Object.fromEntries(process.argv.slice(2).map((path) => [path, list(path)]));
process.stdout.write(JSON.stringify(all));
