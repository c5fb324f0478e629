import { type BigIntStats, fstatSync, lstatSync, readdirSync } from 'node:fs';
import { hostArch } from '../linux/arch.ts';
import { AT, FILE_TYPE, OPEN, RESOLVE } from '../linux/constants/open.ts';
import { errnoName, errnoNumber } from '../linux/errno.ts';
import { FileCalls } from '../linux/file-calls.ts';
import { fromLatin1, toLatin1 } from '../linux/paths.ts';
import { RangeCalls } from '../linux/range-calls.ts';
import { ReviewError } from './error.ts';
import type { FileKind } from './model.ts';

/*
 * Everything in an upper directory was put there by somebody who is not trusted, and the host's directories may be changed
 * by others at any time. So nothing here is found by a path that the kernel could follow a link in: a directory is opened
 * below another with openat2(2), links and `..` refused, and an entry is reached by its directory's descriptor and one name.
 * Names and relative paths are of Latin-1 characters, one a byte (linux/paths.ts).
 */

const FLAGS = OPEN[hostArch()];
const STAND = FLAGS.O_PATH | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const READ_DIRECTORY = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const READ_FILE = FLAGS.O_RDONLY | FLAGS.O_NOFOLLOW | FLAGS.O_NONBLOCK | FLAGS.O_NOCTTY | FLAGS.O_CLOEXEC;
const CONFINED = RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS;
/** Bytes of a path that one call takes, PATH_MAX with room. */
const LONGEST = 4000;

export type Status = BigIntStats;

export const errnoOf = (name: string): number => errnoNumber(name) ?? 0;
export const ENOENT = -errnoOf('ENOENT');
const ENOTDIR = -errnoOf('ENOTDIR');
const ELOOP = -errnoOf('ELOOP');

let known: { readonly files: FileCalls; readonly ranges: RangeCalls } | undefined;

/** The calls, loaded once. */
export function calls(): { readonly files: FileCalls; readonly ranges: RangeCalls } {
  known ??= { files: new FileCalls(), ranges: new RangeCalls() };
  return known;
}

/** A failed call, as an error whose `errno` is the name. */
export class TreeFailure extends ReviewError {
  readonly errno: string;

  constructor(errno: string, what: string, path: string) {
    super('FAILED', `cannot ${what} ${fromLatin1(path)}: ${errno}`);
    this.errno = errno;
  }
}

/** Gives the result of a call, or throws a TreeFailure. */
export function done(result: number, what: string, path: string): number {
  if (result >= 0) return result;
  throw new TreeFailure(errnoName(-result), what, path);
}

/** Opens an absolute directory (a byte string), without a symbolic link anywhere in its path. Throws a TreeFailure. */
export function openTop(path: string): number {
  const { files } = calls();
  const root = done(files.openat(AT.AT_FDCWD, '/', STAND, 0), 'open', '/');
  try {
    return done(openBelow(root, toLatin1(path).slice(1), 'stand'), 'open', toLatin1(path));
  } finally {
    files.close(root);
  }
}

/** Opens a directory below another; gives the negated errno where it is not there, or a link is in its way. */
export function openBelow(root: number, path: string, purpose: 'stand' | 'read'): number {
  const { files } = calls();
  let at = root;
  let rest = path;
  try {
    for (;;) {
      const cut = rest.length <= LONGEST ? -1 : rest.lastIndexOf('/', LONGEST);
      const piece = cut === -1 ? rest : rest.slice(0, cut);
      const isLast = cut === -1;
      const flags = isLast && purpose === 'read' ? READ_DIRECTORY : STAND;
      const next = files.openat2(at, piece === '' ? '.' : piece, flags, CONFINED);
      if (next < 0 || isLast) return next;
      if (at !== root) files.close(at);
      at = next;
      rest = rest.slice(cut + 1);
    }
  } finally {
    if (at !== root) files.close(at);
  }
}

/** Whether a directory is not there, or cannot be reached without following a link. */
export function isElsewhere(result: number): boolean {
  return result === ENOENT || result === ENOTDIR || result === ELOOP;
}

/** Does work with a directory below another; undefined where there is none. */
export function within<T>(
  root: number,
  path: string,
  purpose: 'stand' | 'read',
  work: (at: number) => T,
): T | undefined {
  const at = openBelow(root, path, purpose);
  if (isElsewhere(at)) return undefined;
  done(at, 'open', path);
  try {
    return work(at);
  } finally {
    calls().files.close(at);
  }
}

/** The names in an open directory, sorted. */
export function namesIn(directory: number): string[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1' }).sort();
}

/** A path of one entry for node:fs: the descriptor is our own, and of the name nothing is followed by what is called. */
export function entryPath(directory: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, 'latin1');
}

/** What a name is itself, never what it leads to; undefined where there is none. */
export function look(directory: number, name: string): Status | undefined {
  return lstatSync(entryPath(directory, name), { bigint: true, throwIfNoEntry: false });
}

export function kindOf({ mode }: Status): FileKind {
  switch (Number(mode) & FILE_TYPE.S_IFMT) {
    case FILE_TYPE.S_IFREG:
      return 'file';
    case FILE_TYPE.S_IFDIR:
      return 'directory';
    case FILE_TYPE.S_IFLNK:
      return 'symlink';
    case FILE_TYPE.S_IFIFO:
      return 'fifo';
    case FILE_TYPE.S_IFSOCK:
      return 'socket';
    default:
      return 'device';
  }
}

export const modeOf = ({ mode }: Status): number => Number(mode) & 0o7777;

/** When it came into being, in nanoseconds; where the file system does not keep that, when it was last changed. */
export function bornAt({ birthtimeNs, ctimeNs }: Status): bigint {
  return birthtimeNs > 0n && birthtimeNs < ctimeNs ? birthtimeNs : ctimeNs;
}

/**
 * Opens a regular file to read it, and only the one that was looked at: a FIFO would block, a device might do something.
 * Gives the negated errno where it may not be read. Throws where it is another one by now.
 */
export function openFile(directory: number, name: string, status: Status): number {
  const { files } = calls();
  const file = files.openat(directory, name, READ_FILE, 0);
  if (file < 0) return file;
  const { ino, dev, mode } = fstatSync(file, { bigint: true });
  if (ino === status.ino && dev === status.dev && mode === status.mode) return file;
  files.close(file);
  throw new ReviewError('FAILED', `${fromLatin1(name)} was replaced while it was read`, { hint: 'try again' });
}

/** Removes an entry and everything below it, links as links. What is gone already is no failure. */
export function removeTree(directory: number, name: string): void {
  const { files } = calls();
  const first = removeOne(directory, name);
  if (first === 'removed') return;
  const open = (from: number, child: string): number =>
    done(files.openat(from, child, READ_DIRECTORY, 0), 'open', child);
  const stack = [{ name, at: open(directory, name), names: undefined as string[] | undefined }];
  try {
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      top.names ??= namesIn(top.at);
      const next = top.names.pop();
      if (next === undefined) {
        stack.pop();
        files.close(top.at);
        done(files.unlinkat(stack.at(-1)?.at ?? directory, top.name, AT.AT_REMOVEDIR), 'remove', top.name);
      } else if (removeOne(top.at, next) === 'not empty') {
        stack.push({ name: next, at: open(top.at, next), names: undefined });
      }
    }
  } finally {
    for (const { at } of stack) files.close(at);
  }
}

function removeOne(directory: number, name: string): 'removed' | 'not empty' {
  const { files } = calls();
  const result = files.unlinkat(directory, name, 0);
  if (result >= 0 || result === ENOENT) return 'removed';
  if (result !== -errnoOf('EISDIR') && result !== -errnoOf('EPERM')) done(result, 'remove', name);
  const asDirectory = files.unlinkat(directory, name, AT.AT_REMOVEDIR);
  if (asDirectory >= 0 || asDirectory === ENOENT) return 'removed';
  if (asDirectory === -errnoOf('ENOTEMPTY') || asDirectory === -errnoOf('EEXIST')) return 'not empty';
  done(asDirectory === ENOTDIR ? result : asDirectory, 'remove', name);
  return 'removed';
}

export const below = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
