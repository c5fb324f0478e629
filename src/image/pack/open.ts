import { readSync } from 'node:fs';
import { hostArch } from '../../linux/arch.ts';
import { OPEN, RESOLVE } from '../../linux/constants/open.ts';
import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { typeOf } from '../../linux/overlay-form.ts';
import { failed, failedCall, must, unfit } from './failure.ts';

/*
 * A step's command chose every name and every link in these trees: a directory is entered by a name below a descriptor, no
 * link is followed, and what is opened is what was looked at. Names and relative paths are of Latin-1 characters, one a byte.
 */

const FLAGS = OPEN[hostArch()];
const DIRECTORY = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
/** A FIFO would block, a device might do something. */
const FILE = FLAGS.O_RDONLY | FLAGS.O_NOFOLLOW | FLAGS.O_NONBLOCK | FLAGS.O_NOCTTY | FLAGS.O_CLOEXEC;
const CONFINED =
  RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS | RESOLVE.RESOLVE_NO_XDEV;

/** Opens a directory by its name in another one. */
export function openDirectory(calls: FileCalls, directory: number, name: string, path: string): number {
  return must(calls.openat(directory, name, DIRECTORY, 0), path, 'open a directory');
}

/** Opens the regular file that was looked at. Throws where another one is there by now. */
export function openFile(calls: FileCalls, directory: number, name: string, path: string, status: FileStatus): number {
  return same(calls, must(calls.openat(directory, name, FILE, 0), path, 'open a file'), path, status);
}

/** The same by its path below a tree's root. */
export function openFileBelow(calls: FileCalls, root: number, path: string, status: FileStatus): number {
  return same(calls, must(calls.openat2(root, path, FILE, CONFINED), path, 'open a file'), path, status);
}

function same(calls: FileCalls, file: number, path: string, { inode, device, size, mode }: FileStatus): number {
  const now = calls.lstatat(file, '');
  if (typeof now !== 'number' && now.inode === inode && now.device === device && now.size === size)
    if (typeOf(now) === typeOf({ ...now, mode })) return file;
  calls.close(file);
  if (typeof now === 'number') throw failed(path, 'look at a file', now);
  throw unfit(path, 'it was changed while it was read', 'something still writes to it: try again');
}

/** Reads up to `end` - `start` bytes to a place in a buffer; gives how many. */
export function readInto(file: number, buffer: Buffer, start: number, end: number, path: string): number {
  try {
    return readSync(file, buffer, start, end - start, null);
  } catch (error) {
    throw failedCall(error, path, 'read a file');
  }
}
