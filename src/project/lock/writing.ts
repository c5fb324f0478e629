import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { processStartTime } from '../../linux/proc-status.ts';
import { asidePath, replaceFile } from '../../store/aside.ts';
import { storeFailure } from '../../store/error.ts';
import { lockPath } from '../../store/lock.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { ProjectError } from '../error.ts';
import { readProjectFile } from '../project-file.ts';

/*
 * Who changes sandbox.toml or sandbox.lock reads it, changes it and writes it while the file `.writing` in the project's directory
 * of the store is locked: of two at once none loses what the other one wrote. The lock dies with its holder. It is not in the
 * project, which would be everybody's to hold who can read it, and what runs inside can.
 */

/** Nothing that is done under the lock takes so long. */
const PATIENCE_MS = 30_000;

/**
 * Does the work while no other process changes sandbox.toml or sandbox.lock of the project. Throws a StoreError: LOCKED where it is
 * not its turn within 30 seconds, STORE where the store cannot be written.
 */
export async function whileWriting<T>(store: string, directory: string, work: () => Promise<T>): Promise<T> {
  const what = `the project ${directory}`;
  let place: string;
  try {
    place = ensureProjectPath(store, directory);
  } catch (cause) {
    throw storeFailure(`${what} cannot be locked`, store, cause);
  }
  const lock = await lockPath(`${place}/.writing`, 'exclusive', what, { patience: PATIENCE_MS });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/**
 * Replaces a file in the project's directory in one go: whoever reads it, also after kill -9 or a power cut, sees what was there
 * or all of what is there now. It keeps its mode. To be called while writing, so that what was left by who was killed can be told
 * from what is being written. Throws Node's errors, and a ProjectError where the file is not `before` any more: editors take no lock.
 */
export function replaceInProject(directory: string, name: string, bytes: Uint8Array, before?: Uint8Array): void {
  removeLeft(directory);
  const path = `${directory}/${name}`;
  const about = lstatSync(fsPath(path), { throwIfNoEntry: false });
  replaceFile(path, bytes, {
    mode: about?.isFile() === true ? about.mode & 0o777 : 'umask',
    aside: asidePath(`${directory}/.${name}`),
    lastLook: () => before !== undefined && expectUnchanged(path, before),
  });
}

function expectUnchanged(path: string, before: Uint8Array): void {
  if (readProjectFile(path)?.equals(before) === true) return;
  throw new ProjectError('INVALID', `${path} was changed by another program just now`, {
    hint: 'nothing was written: look at it, and try again',
  });
}

/** As asidePath names what is beside the two files. */
const LEFT = /^\.sandbox\.(?:toml|lock)\.(\d+)-[a-z0-9]+-\d+\.tmp$/;
const MOST_AGE_MS = 60_000;

/** Removes what somebody has left who was killed while writing; what cannot be removed stays for the next time. */
function removeLeft(directory: string): void {
  try {
    for (const name of readdirSync(fsPath(directory))) {
      const pid = LEFT.exec(name)?.[1];
      if (pid === undefined) continue;
      const path = fsPath(`${directory}/${name}`);
      const about = lstatSync(path);
      // Somebody with another store, or on another machine, does not hold our lock.
      const isOld = Date.now() - about.ctimeMs > MOST_AGE_MS || processStartTime(Number(pid)) === undefined;
      if (about.isFile() && isOld) rmSync(path, { force: true });
    }
  } catch {
    // It is only garbage.
  }
}
