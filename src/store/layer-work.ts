import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import type { Digest } from './digest.ts';
import { errnoOf, StoreError, storeFailure } from './error.ts';
import { bootId, isSoundLayer } from './layers.ts';
import { layersDirectory, shelf } from './layout.ts';
import { openLockFile, tryFlock } from './lock.ts';

/** layer.json: what a layer was made from. */
export interface LayerRecord {
  readonly diffId: Digest;
  readonly chainId: Digest;
  /** Whether what it is depends on the layers below it; then it is kept by its chain id. */
  readonly reliesOnLower: boolean;
  /** Of the uncompressed archive. */
  readonly bytes: number;
  readonly entries: number;
}

/** A directory in which one layer is unpacked, at `path`/tree. */
export interface LayerWork {
  readonly path: string;
  /** Lets go of it; what was not committed is garbage from then on. */
  readonly release: () => void;
}

/**
 * Makes the directory in which a layer is unpacked; the caller keeps the store locked (`shared`) until it is committed.
 * Throws a StoreError.
 */
export function newWork(store: string): LayerWork {
  const parent = `${layersDirectory(store)}/.work`;
  const path = `${parent}/${randomBytes(8).toString('hex')}`;
  try {
    makeDirectory(parent);
    mkdirSync(path, { mode: 0o700 });
    const lock = openLockFile(`${path}/lock`);
    // Nobody else can have it: the name was chosen at this moment.
    tryFlock(lock, 'exclusive');
    return { path, release: () => closeSync(lock) };
  } catch (cause) {
    throw storeFailure('a layer cannot be unpacked', path, cause);
  }
}

/**
 * Makes a layer of `workPath`, whose tree/ is complete and verified, under the name `hex` of its diff id or chain id, or
 * another one where it was made from no archive and has no record; gives the path of its tree/. It is marked as perhaps not on the disk yet: whoever has called syncfs(2) then removes
 * unsyncedMark(tree). Where another process was faster, theirs is given and ours goes to the trash. Throws a StoreError.
 */
export function commitLayer(
  store: string,
  key: string,
  hex: string,
  workPath: string,
  record: LayerRecord | undefined,
): string {
  const parent = `${layersDirectory(store)}/${key}`;
  const path = `${parent}/${hex}`;
  try {
    makeDirectory(parent);
    if (record !== undefined)
      writeFileSync(`${workPath}/layer.json`, `${JSON.stringify({ version: 1, ...record })}\n`, { mode: 0o600 });
    // Nothing is flushed here. File systems bring names to the disk in the order in which they were made: where the
    // layer's own name has arrived the mark's has too, and its content is either right or missing, which says the same.
    writeFileSync(`${workPath}/unsynced`, `${bootId()}\n`, { mode: 0o600 });
    rmSync(`${workPath}/lock`, { force: true });
    if (!moveInto(workPath, path)) {
      if (isSoundLayer(path)) {
        discard(store, workPath);
        return `${path}/tree`;
      }
      // Of another boot: the power was cut before it was on the disk.
      discard(store, path);
      if (!moveInto(workPath, path)) throw new StoreError('STORE', `the layer ${path} cannot be put into its place`);
    }
  } catch (cause) {
    throw storeFailure('a layer cannot be stored', path, cause);
  }
  return `${path}/tree`;
}

/** Renames, unless something is there. rename(2) replaces an empty directory, which no layer is. */
function moveInto(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

function discard(store: string, path: string): void {
  makeDirectory(shelf(store, 'trash'));
  renameSync(path, `${shelf(store, 'trash')}/${randomBytes(8).toString('hex')}`);
}
