import { fstatSync, fsyncSync } from 'node:fs';
import { copyContent } from '../host/layer-copy/content.ts';
import { hostArch } from '../linux/arch.ts';
import { FILE_TYPE, OPEN, RENAME } from '../linux/constants/open.ts';
import { errnoName } from '../linux/errno.ts';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';
import { fromLatin1 } from '../linux/paths.ts';
import { appliedMode, attributesOf, type Entry } from './compare.ts';
import { ReviewError } from './error.ts';
import {
  calls,
  done,
  errnoOf,
  kindOf,
  look,
  openBelow,
  openFile,
  removeTree,
  type Status,
  TreeFailure,
} from './tree.ts';

/** Where an entry of the host is to be: its directory's descriptor, its name, and what is there now. */
export interface Place {
  readonly directory: number;
  readonly name: string;
  readonly there: Status | undefined;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC } = OPEN[hostArch()];
/** File systems that keep none of the user's attributes, or not as many. */
const TOLERATED = new Set(['EOPNOTSUPP', 'EPERM', 'ENOSPC', 'E2BIG'].map((name) => -errnoOf(name)));
const abilities = { clones: true, copies: true };

/**
 * Makes what an entry is at a place of the host: built beside it under a name that nobody else knows, then renamed, so that
 * it is there as a whole or not at all. Nothing is written through a file that was there: it may have other names.
 * With a umask of 0. Throws a ReviewError, or what a call of node:fs does.
 */
export function writeEntry(now: Entry, place: Place, temporary: string): void {
  const { files } = calls();
  removeTree(place.directory, temporary);
  switch (kindOf(now.status)) {
    case 'file':
      copyFile(now, place.directory, temporary);
      break;
    case 'directory':
      done(files.mkdirat(place.directory, temporary, 0o700), 'make', place.name);
      break;
    case 'symlink': {
      const target = files.readlinkat(now.directory, now.name);
      if (typeof target === 'number') throw new TreeFailure(errnoName(-target), 'read the link', now.name);
      done(files.symlinkat(target, place.directory, temporary), 'make', place.name);
      setTime(now.status, (seconds, rest) => files.lutimensat(place.directory, temporary, seconds, rest));
      break;
    }
    case 'fifo': {
      const mode = FILE_TYPE.S_IFIFO | (appliedMode(now.status) & 0o777);
      done(files.mknodat(place.directory, temporary, mode), 'make', place.name);
      setTime(now.status, (seconds, rest) => files.lutimensat(place.directory, temporary, seconds, rest));
      break;
    }
    case 'device':
    case 'socket':
      throw new ReviewError('FAILED', `${fromLatin1(place.name)} is a device or a socket`);
  }
  putInPlace(place, temporary);
}

/** Makes another name of a file that was applied before. */
export function linkEntry(
  first: { readonly directory: number; readonly name: string },
  place: Place,
  temporary: string,
): void {
  removeTree(place.directory, temporary);
  done(calls().files.linkat(first.directory, first.name, place.directory, temporary), 'link', place.name);
  putInPlace(place, temporary);
}

function copyFile(now: Entry, directory: number, temporary: string): void {
  const { files, ranges } = calls();
  const to = done(
    files.openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600),
    'make',
    now.name,
  );
  try {
    const from = done(openFile(now.directory, now.name, now.status), 'read', now.name);
    try {
      const size = Number(fstatSync(from, { bigint: true }).size);
      copyContent(ranges, from, to, size, abilities, (file, length) => files.ftruncate(file, length));
      copyAttributes(from, to);
    } finally {
      files.close(from);
    }
    done(files.fchmod(to, appliedMode(now.status) & 0o777), 'set the permissions of', now.name);
    setTime(now.status, (seconds, rest) => files.futimens(to, seconds, rest));
    fsyncSync(to);
  } catch (error) {
    removeTree(directory, temporary);
    throw error;
  } finally {
    files.close(to);
  }
}

/** The user's own attributes become those of the source. Others, and those by which overlays speak, are left alone. */
function copyAttributes(from: number, to: number): void {
  const { files } = calls();
  const wanted = attributesOf(from, /^user\./);
  for (const name of attributesOf(to, /^user\./).keys()) if (!wanted.has(name)) files.fremovexattr(to, name);
  for (const [name, value] of wanted) {
    const result = files.fsetxattr(to, name, value);
    if (!TOLERATED.has(result)) done(result, `set ${name} of`, '');
  }
}

const BILLION = 1_000_000_000n;

function setTime({ mtimeNs }: Status, set: (seconds: number, nanoseconds: number) => number): void {
  const rest = ((mtimeNs % BILLION) + BILLION) % BILLION;
  set(Number((mtimeNs - rest) / BILLION), Number(rest));
}

/** Looks once more whether the place is as it was, and renames. */
function putInPlace({ directory, name, there }: Place, temporary: string): void {
  const now = look(directory, name);
  if (now?.ino !== there?.ino || (now !== undefined && !now.isDirectory() && now.ctimeNs !== there?.ctimeNs)) {
    removeTree(directory, temporary);
    throw new ReviewError('CONFLICT', `${fromLatin1(name)} is being changed on the host`);
  }
  const flags = there === undefined ? RENAME.RENAME_NOREPLACE : there.isDirectory() ? RENAME.RENAME_EXCHANGE : 0;
  const isNewDirectory = look(directory, temporary)?.isDirectory() === true;
  // A directory replaces no file, and nothing replaces a directory: they change places.
  const how = there !== undefined && isNewDirectory ? RENAME.RENAME_EXCHANGE : flags;
  try {
    rename(directory, temporary, name, how);
  } catch (error) {
    removeTree(directory, temporary);
    throw error;
  }
  if (how === RENAME.RENAME_EXCHANGE) removeTree(directory, temporary);
}

function rename(directory: number, from: string, to: string, flags: number): void {
  const calls = hostSyscalls();
  const [source, target] = [fromLatin1(from), fromLatin1(to)];
  try {
    calls.renameat2(directory, source, directory, target, flags);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // A file system without the flag (NFS): it was looked at a moment ago.
    if (code !== 'EINVAL' || flags !== RENAME.RENAME_NOREPLACE) throw error;
    calls.renameat2(directory, source, directory, target, 0);
  }
}

/** Mode, attributes and time of a directory, when what is in it is done. Set-id bits of the host's own directory stay. */
export function finishDirectory(now: Entry, host: number, name: string): void {
  const { files } = calls();
  const from = done(openBelow(now.directory, now.name, 'read'), 'open', now.name);
  const to = openBelow(host, name, 'read');
  try {
    done(to, 'open', name);
    const own = Number(fstatSync(to, { bigint: true }).mode) & 0o6000;
    copyAttributes(from, to);
    done(files.fchmod(to, appliedMode(now.status) | own), 'set the permissions of', name);
    setTime(now.status, (seconds, rest) => files.futimens(to, seconds, rest));
  } finally {
    files.close(from);
    if (to >= 0) files.close(to);
  }
}
