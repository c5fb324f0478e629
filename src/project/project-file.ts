import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { fsPath } from '../linux/paths.ts';
import { ProjectError } from './error.ts';

/** Nobody writes so much; a file that has no end must not take all memory. */
const MOST_BYTES = 4 * 1024 * 1024;

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function refused(path: string, why: string, cause?: unknown): ProjectError {
  return new ProjectError('INVALID', `${path} cannot be read: ${why}`, { cause });
}

/**
 * Gives the bytes of one of a project's own files, undefined where there is none. A clone has what its makers put there: a
 * symbolic link to another file, a FIFO that would be waited for, and a device are refused, by a ProjectError.
 */
export function readProjectFile(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(
      fsPath(path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return undefined;
    if (errno === 'ELOOP') throw refused(path, 'it is a symbolic link, and has to be a file of the project', error);
    throw refused(path, String(errno), error);
  }
  try {
    const about = fstatSync(file);
    if (!about.isFile()) throw refused(path, 'it is no ordinary file');
    if (about.size > MOST_BYTES) throw refused(path, 'it is over 4 MiB');
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
