import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { latin1FsPath, toLatin1 } from '../linux/paths.ts';

/** What a tree takes. */
export interface DiskUse {
  /** Blocks, as du(1) counts them. */
  readonly bytes: number;
  readonly files: number;
}

const BLOCK = 512;

/**
 * Gives what trees take on the disk, in the order of the paths: stat(2), st_blocks. A file with several hard links counts
 * once, for the first tree that has it. What may not be seen, or goes away meanwhile, is not counted.
 *
 * Goes from directory to directory by chdir(2), since paths may become longer than the kernel takes (PATH_MAX); leaves
 * the process in `/`.
 */
export function measureTrees(paths: readonly string[]): DiskUse[] {
  const seen = new Set<string>();
  return paths.map((path) => measureTree(toLatin1(path), seen));
}

function measureTree(path: string, seen: Set<string>): DiskUse {
  let bytes = 0;
  let files = 0;
  const count = (stat: Stats): void => {
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const inode = `${stat.dev}:${stat.ino}`;
      if (seen.has(inode)) return;
      seen.add(inode);
    }
    bytes += stat.blocks * BLOCK;
    files += 1;
  };
  const top = look(path);
  if (top === undefined) return { bytes, files };
  count(top);
  if (!top.isDirectory() || !enter(path)) return { bytes, files };
  // Of each directory on the way down those inside it that are still to be entered.
  const pending: string[][] = [listHere(count)];
  while (pending.length > 0) {
    const name = pending.at(-1)?.pop();
    if (name === undefined) {
      pending.pop();
      if (pending.length > 0) process.chdir('..');
    } else if (enter(name)) pending.push(listHere(count));
  }
  process.chdir('/');
  return { bytes, files };
}

/** Counts the entries of the current directory and gives the names of the directories among them. */
function listHere(count: (stat: Stats) => void): string[] {
  let names: string[];
  try {
    names = readdirSync('.', { encoding: 'latin1' });
  } catch {
    return [];
  }
  return names.filter((name) => {
    const stat = look(name);
    if (stat !== undefined) count(stat);
    return stat?.isDirectory() === true;
  });
}

function look(name: string): Stats | undefined {
  try {
    return lstatSync(latin1FsPath(name), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** process.chdir takes no Buffer: a name that is not UTF-8 is reached through its descriptor. */
function enter(name: string): boolean {
  try {
    const path = latin1FsPath(name);
    if (typeof path === 'string') process.chdir(path);
    else enterBytes(path);
    return true;
  } catch {
    return false;
  }
}

function enterBytes(path: Buffer): void {
  const { closeSync, constants, openSync } = process.getBuiltinModule('node:fs');
  const file = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    process.chdir(`/proc/self/fd/${file}`);
  } finally {
    closeSync(file);
  }
}
