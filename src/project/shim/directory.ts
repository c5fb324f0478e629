import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { fromNodeError } from '../../linux/errno.ts';
import { fsPath } from '../../linux/paths.ts';
import { asidePath, writeFully } from '../../store/aside.ts';
import { ProjectError } from '../error.ts';

/** A directory that is open: what is at its path may be exchanged meanwhile, by code that may write to the project. */
export interface OpenDirectory {
  /** Leads to it as long as it is open. */
  readonly path: string;
  readonly close: () => void;
}

/**
 * Opens a directory in an absolute real path, one name after the other: each is made where it is missing, and has to be a directory of
 * the user's own. A symbolic link there would have files written wherever somebody else wishes. Throws a ProjectError.
 */
export function openOwnDirectory(base: string, names: readonly string[]): OpenDirectory {
  let file = openSync(fsPath(base), constants.O_RDONLY | constants.O_DIRECTORY);
  let shown = base;
  for (const name of names) {
    shown = `${shown}/${name}`;
    const parent = file;
    try {
      const path = `/proc/self/fd/${parent}/${name}`;
      makeIfMissing(path);
      file = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      throw refused(shown, error);
    } finally {
      closeSync(parent);
    }
    if (fstatSync(file).uid !== process.getuid?.()) {
      closeSync(file);
      throw new ProjectError('SHIM', `${shown} belongs to somebody else: no shims are written there`, {
        hint: 'move it away',
      });
    }
  }
  return { path: `/proc/self/fd/${file}`, close: () => closeSync(file) };
}

function makeIfMissing(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function refused(path: string, error: unknown): ProjectError {
  const cause = fromNodeError(error, path);
  const isOther = ['ENOTDIR', 'ELOOP'].includes(cause.code);
  return new ProjectError(
    'SHIM',
    isOther ? `${path} is no directory: no shims are written there` : `${path} cannot be written to: ${cause.code}`,
    { cause, hint: isOther ? 'move it away' : 'shims lie in the project, in .sandbox/bin' },
  );
}

/** Replaces a file of the directory in one go. Throws Node's errors. */
export function replaceIn({ path }: OpenDirectory, name: string, content: Uint8Array, mode: number): void {
  const aside = asidePath(`${path}/.${name}`);
  const file = openSync(aside, 'wx', 0o600);
  try {
    writeFully(file, content);
    fchmodSync(file, mode);
    renameSync(aside, `${path}/${name}`);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
