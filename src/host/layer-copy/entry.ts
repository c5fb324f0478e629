import { readdirSync } from 'node:fs';
import { hostArch } from '../../linux/arch.ts';
import { FILE_TYPE, OPEN } from '../../linux/constants/open.ts';
import { errnoName, errnoNumber } from '../../linux/errno.ts';
import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { typeOf } from '../../linux/overlay-form.ts';
import { fromLatin1 } from '../../linux/paths.ts';
import type { RangeCalls } from '../../linux/range-calls.ts';
import { errorCode, HostError } from '../error.ts';
import { type Abilities, CopyFailure, copyContent } from './content.ts';

/** What a copy shares from entry to entry. Names are of Latin-1 characters (linux/paths.ts). */
export interface Copy {
  readonly files: FileCalls;
  readonly ranges: RangeCalls;
  /** The topmost directory of the target. */
  readonly root: number;
  readonly abilities: Abilities;
  /** Of files with several names: where, below `root`, the first of them is. */
  readonly links: Map<string, string>;
}

const failed = (name: string): number => -(errnoNumber(name) ?? 0);
const EACCES = failed('EACCES');
/** Owners that the namespace does not have, and attributes that only root may set or the file system does not keep. */
const TOLERATED: ReadonlySet<number> = new Set(['EINVAL', 'EPERM', 'EOPNOTSUPP', 'EOVERFLOW'].map(failed));
/** Attributes by which overlayfs says how layers lie on each other: a copy has no layers. */
const OVERLAY = /^(user|trusted)\.(overlay|fuseoverlayfs)\./;
/** Bits that only the last change of the mode may bring: a change of the owner clears them. */
const PERMISSIONS = 0o7777;

/** Throws a HostError naming the entry, unless the call went well. Gives its result. */
export function expectDone(result: number, what: string, path: string): number {
  if (result >= 0) return result;
  throw copyError(-result, what, path);
}

function copyError(errno: number, what: string, path: string): HostError {
  const name = errnoName(errno);
  const isFull = name === 'ENOSPC' || name === 'EDQUOT';
  const hint = isFull ? 'free some space, or use another storage driver than copy' : undefined;
  return new HostError(isFull ? 'STORE_FULL' : 'STORE', `cannot ${what} ${fromLatin1(path)}: ${name}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Opens a directory by name, never through a link; gives the negated errno where it cannot. */
export function openDirectory(files: FileCalls, parent: number, name: string): number {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC } = OPEN[hostArch()];
  return files.openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

export function namesIn(directory: number): string[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1' });
}

/** Owner, permissions, attributes and time of an open file or directory, from an open one. */
export function copyMetadata({ files }: Copy, source: number, target: number, status: FileStatus, path: string): void {
  tolerated(files.fchown(target, status.uid, status.gid), 'set the owner of', path);
  expectDone(files.fchmod(target, status.mode & PERMISSIONS), 'set the permissions of', path);
  const names = files.flistxattr(source);
  for (const name of typeof names === 'number' ? [] : names) {
    if (OVERLAY.test(name)) continue;
    const value = files.fgetxattr(source, name);
    if (typeof value !== 'number') tolerated(files.fsetxattr(target, name, value), `set ${name} of`, path);
  }
  expectDone(files.futimens(target, status.seconds, status.nanoseconds), 'set the time of', path);
}

function tolerated(result: number, what: string, path: string): void {
  if (!TOLERATED.has(result)) expectDone(result, what, path);
}

/** Copies what is no directory. `path` is the entry's place below the root, for links and messages. */
export function copyEntry(
  copy: Copy,
  source: number,
  target: number,
  name: string,
  status: FileStatus,
  path: string,
): void {
  const key = status.links > 1 ? `${status.device}:${status.inode}` : undefined;
  const first = key === undefined ? undefined : copy.links.get(key);
  // A place that is too deep for a path is copied again.
  if (first !== undefined && copy.files.linkat(copy.root, first, target, name) >= 0) return;
  if (typeOf(status) === FILE_TYPE.S_IFREG) copyFile(copy, source, target, name, status, path);
  else copySpecial(copy, source, target, name, status, path);
  if (key !== undefined) copy.links.set(key, path);
}

function copyFile(copy: Copy, source: number, target: number, name: string, status: FileStatus, path: string): void {
  const { files, ranges, abilities } = copy;
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC } = OPEN[hostArch()];
  const to = expectDone(
    files.openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600),
    'make the copy of',
    path,
  );
  const from = files.openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  try {
    if (from === EACCES) {
      // Another user's file in a directory of the host: it cannot be read inside either.
      expectDone(files.fchmod(to, 0), 'set the permissions of', path);
      return;
    }
    expectDone(from, 'read', path);
    copyContent(ranges, from, to, status.size, abilities, (file, size) => files.ftruncate(file, size));
    copyMetadata(copy, from, to, status, path);
  } catch (error) {
    const errno = error instanceof CopyFailure ? error.errno : errnoNumber(errorCode(error) ?? '');
    throw errno === undefined ? error : copyError(errno, 'copy', path);
  } finally {
    if (from >= 0) files.close(from);
    files.close(to);
  }
}

function copySpecial(
  { files }: Copy,
  source: number,
  target: number,
  name: string,
  status: FileStatus,
  path: string,
): void {
  if (typeOf(status) === FILE_TYPE.S_IFLNK) {
    const to = files.readlinkat(source, name);
    if (typeof to === 'number') throw copyError(-to, 'read the link', path);
    expectDone(files.symlinkat(to, target, name), 'make the copy of', path);
  } else {
    // A device, which cannot be made, is an empty file.
    const isDevice = typeOf(status) === FILE_TYPE.S_IFCHR || typeOf(status) === FILE_TYPE.S_IFBLK;
    const mode = isDevice ? FILE_TYPE.S_IFREG | (status.mode & PERMISSIONS) : status.mode;
    expectDone(files.mknodat(target, name, mode), 'make the copy of', path);
  }
  tolerated(files.lchownat(target, name, status.uid, status.gid), 'set the owner of', path);
  expectDone(files.lutimensat(target, name, status.seconds, status.nanoseconds), 'set the time of', path);
}
