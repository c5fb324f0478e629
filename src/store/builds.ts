import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import { storeFailure } from './error.ts';
import { shelf } from './layout.ts';
import { isFree, openLockFile, tryFlock } from './lock.ts';
import { listShelf, type SandboxDirectoryEntry } from './sandbox-directory.ts';

/*
 * $STORE/builds/ID/   where the steps of one build are run, one after the other: the directory of a sandbox (layout.ts), and
 *   builder           held by who builds, for as long as the build takes; `lock` is the launcher's, and held while a step runs
 *   inputs/           what the step sees in /inputs
 */

export interface BuildDirectory {
  /** Name in the shelf, and absolute path. */
  readonly id: string;
  readonly path: string;
  /** Lets go of it: it is garbage from then on. */
  readonly release: () => void;
}

/** Makes a directory for a build; the caller keeps the store locked (`shared`). Throws a StoreError. */
export function newBuildDirectory(store: string): BuildDirectory {
  const id = randomBytes(8).toString('hex');
  const path = `${shelf(store, 'builds')}/${id}`;
  try {
    makeDirectory(shelf(store, 'builds'));
    mkdirSync(path, { mode: 0o700 });
    const lock = openLockFile(`${path}/builder`);
    // Nobody else can have it: the name was chosen at this moment.
    tryFlock(lock, 'exclusive');
    return { id, path, release: () => closeSync(lock) };
  } catch (cause) {
    throw storeFailure('there is no place to build in', path, cause);
  }
}

/** How long a directory may be without its lock. */
const YOUNG_MS = 10_000;

/**
 * Moves the directories of builds whose process is gone to the trash, and gives how many there were. A step that still ends there
 * counts as alive.
 */
export function collectBuilds(store: string, now = Date.now()): number {
  const dead = listShelf(store, 'builds').filter((entry) => isDead(entry, now));
  for (const { path } of dead) trashBuild(store, path);
  return dead.length;
}

/** Moves a directory out of sight; removing it is left to whoever empties the trash. */
export function trashBuild(store: string, path: string): void {
  makeDirectory(shelf(store, 'trash'));
  renameSync(path, `${shelf(store, 'trash')}/${randomBytes(8).toString('hex')}`);
}

function isDead({ path }: SandboxDirectoryEntry, now: number): boolean {
  const about = statSync(path, { throwIfNoEntry: false });
  if (about === undefined) return false;
  const builder = statSync(`${path}/builder`, { throwIfNoEntry: false });
  if (builder === undefined) return now - about.mtimeMs > YOUNG_MS;
  return isFree(`${path}/builder`) && isFree(`${path}/lock`);
}
