import { hostArch } from '../../linux/arch.ts';
import { OPEN } from '../../linux/constants/open.ts';
import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { isDirectory, isOpaque, isWhiteout } from '../../linux/overlay-form.ts';
import { must } from './failure.ts';

const FLAGS = OPEN[hostArch()];
const DIRECTORY = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;

/** What the layers below have of one directory: descriptors of theirs, from the uppermost down. */
export type LowerDirectories = readonly number[];

/** What they show under a name: the uppermost that has it. */
export interface LowerEntry {
  readonly directory: number;
  readonly status: FileStatus;
}

export function lowerEntry(calls: FileCalls, lowers: LowerDirectories, name: string): LowerEntry | undefined {
  for (const directory of lowers) {
    const status = calls.lstatat(directory, name);
    if (typeof status !== 'number') return isWhiteout(status) ? undefined : { directory, status };
  }
  return undefined;
}

/**
 * Does work with the directories of a name: those that have it, down to the first that covers the rest. Throws an ImageError where
 * one cannot be opened.
 */
export function withLowerDirectories<T>(
  calls: FileCalls,
  lowers: LowerDirectories,
  name: string,
  work: (below: LowerDirectories) => T,
): T {
  const found: number[] = [];
  try {
    for (const directory of lowers) {
      const status = calls.lstatat(directory, name);
      if (typeof status === 'number') continue;
      if (!isDirectory(status)) break;
      const open = calls.openat(directory, name, DIRECTORY, 0);
      // Without it nobody can tell what is hidden: too many are open.
      found.push(must(open, name, 'open a directory below'));
      if (isOpaque(calls, open)) break;
    }
    return work(found);
  } finally {
    for (const each of found) calls.close(each);
  }
}

export function sameOwnerAndMode(a: FileStatus, b: FileStatus): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

export function sameTime(a: FileStatus, b: FileStatus): boolean {
  return a.seconds === b.seconds && a.nanoseconds === b.nanoseconds;
}
