import { lstatSync } from 'node:fs';
import { fsPath } from '../linux/paths.ts';

/*
 * Whether a file is as it was, without reading it: as git's index does it (Documentation/technical/racy-git.txt).
 */

/** What lstat(2) said of a path; a missing one has none of it. Of a directory the times say which names it has. */
export interface Stamp {
  readonly path: string;
  /** `INODE SIZE MTIME CTIME MODE`, times in nanoseconds; empty where there was nothing. */
  readonly state: string;
}

/** File systems tell times by the kernel's tick: what was changed so shortly before is not sure to look changed. */
const RACY_NS = 50_000_000n;

export function stampOf(path: string): Stamp {
  const about = lstatSync(fsPath(path), { throwIfNoEntry: false, bigint: true });
  if (about === undefined) return { path, state: '' };
  const { ino, size, mtimeNs, ctimeNs, mode } = about;
  return { path, state: `${ino} ${size} ${mtimeNs} ${ctimeNs} ${mode}` };
}

/** Whether nothing has changed since; `taken`: milliseconds since the epoch, when the stamps were, before the files were read. */
export function isUnchanged(stamps: readonly Stamp[], taken: number): boolean {
  const limit = BigInt(Math.floor(taken)) * 1_000_000n - RACY_NS;
  return stamps.every((stamp) => {
    if (stampOf(stamp.path).state !== stamp.state) return false;
    const changed = stamp.state.split(' ')[3];
    return changed === undefined || BigInt(changed) < limit;
  });
}
