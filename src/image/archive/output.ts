import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fsPath } from '../../linux/paths.ts';
import { fsyncDirectory } from '../../linux/sync.ts';
import { asidePath, writeFully } from '../../store/aside.ts';
import { errnoOf } from '../../store/error.ts';
import { ArchiveError } from './error.ts';
import { type ArchiveFile, writeTar } from './save.ts';

function failure(path: string, cause: unknown): unknown {
  const errno = errnoOf(cause);
  const isForeseen = cause instanceof Error && 'hint' in cause;
  if (isForeseen || errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return cause;
  const why = errno === 'ENOSPC' ? 'no space is left on the device (ENOSPC)' : errno;
  return new ArchiveError('OUTPUT', `${JSON.stringify(path)} cannot be written: ${why}`, { cause });
}

/**
 * Writes files as a tar archive to a path: aside, and renamed when it is complete, so that no half stands under that name;
 * where there is something that is no file (a device, a FIFO), straight into it. Throws an ArchiveError, or what the files
 * throw; nothing is left then.
 */
export async function writeTarFile(path: string, files: readonly ArchiveFile[]): Promise<void> {
  try {
    const there = statSync(fsPath(path), { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) {
      if (there.isDirectory()) throw new ArchiveError('OUTPUT', `${JSON.stringify(path)} is a directory`);
      return await fill(path, 'w', files);
    }
    const aside = asidePath(path);
    try {
      await fill(aside, 'wx', files);
      renameSync(fsPath(aside), fsPath(path));
    } catch (error) {
      rmSync(fsPath(aside), { force: true });
      throw error;
    }
    fsyncDirectory(dirname(path));
  } catch (cause) {
    throw failure(path, cause);
  }
}

async function fill(path: string, flags: 'w' | 'wx', files: readonly ArchiveFile[]): Promise<void> {
  const file = openSync(fsPath(path), flags, 0o666);
  try {
    await writeTar(files, (bytes) => writeFully(file, bytes));
    if (flags === 'wx') fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes files into a new directory: aside, and renamed when it is complete. Throws an ArchiveError where something is
 * there already, or what the files throw; nothing is left then.
 */
export async function writeDirectory(path: string, files: readonly ArchiveFile[]): Promise<void> {
  const aside = asidePath(path);
  try {
    refuseContent(path);
    mkdirSync(fsPath(aside));
    try {
      for (const file of files) await writeInto(aside, file);
      // An empty directory is replaced: rename(2).
      if (statSync(fsPath(path), { throwIfNoEntry: false }) !== undefined) rmdirSync(fsPath(path));
      renameSync(fsPath(aside), fsPath(path));
    } catch (error) {
      rmSync(fsPath(aside), { recursive: true, force: true });
      throw error;
    }
    fsyncDirectory(dirname(path));
  } catch (cause) {
    throw failure(path, cause);
  }
}

function refuseContent(path: string): void {
  const there = statSync(fsPath(path), { throwIfNoEntry: false });
  if (there === undefined || (there.isDirectory() && readdirSync(fsPath(path)).length === 0)) return;
  throw new ArchiveError('OUTPUT', `${JSON.stringify(path)} is there already`, {
    hint: 'name a directory that does not exist, or is empty',
  });
}

async function writeInto(directory: string, { name, chunks }: ArchiveFile): Promise<void> {
  const path = `${directory}/${name}`;
  mkdirSync(fsPath(dirname(path)), { recursive: true });
  const file = openSync(fsPath(path), 'wx', 0o666);
  try {
    for await (const chunk of chunks()) writeFully(file, chunk);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
