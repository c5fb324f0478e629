import {
  chmodSync,
  close,
  closeSync,
  constants,
  fstatSync,
  fsync,
  open,
  openSync,
  renameSync,
  statSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { makeDirectory } from '../linux/make-directory.ts';
import { fsyncDirectory } from '../linux/sync.ts';
import { type BlobId, blobPath, hasBlob } from './blobs.ts';
import { type Digest, digestParts } from './digest.ts';
import { storeFailure } from './error.ts';
import { imagesDirectory } from './layout.ts';
import { type WaitOptions, waitForFlock } from './lock.ts';

/** Gives where a blob is gathered until it is complete and verified. */
export function partialPath(store: string, digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return `${imagesDirectory(store)}/partial/${algorithm}-${hex}`;
}

/** The right to write a blob's partial file. */
export interface PartialLock {
  readonly path: string;
  readonly release: () => void;
}

/**
 * Locks a blob's partial file for who downloads it, and makes it where there is none; it may hold the beginning that an
 * interrupted download left. Who waits for another process finds the blob there in the end: then undefined is given.
 * Throws a StoreError.
 */
export async function lockPartial(
  store: string,
  blob: BlobId,
  options: WaitOptions = {},
): Promise<PartialLock | undefined> {
  const path = partialPath(store, blob.digest);
  makeDirectory(path.slice(0, path.lastIndexOf('/')));
  for (;;) {
    if (hasBlob(store, blob)) return undefined;
    let file: number;
    try {
      file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    } catch (cause) {
      throw storeFailure(`the download of ${blob.digest} cannot be begun`, path, cause);
    }
    try {
      await waitForFlock(file, 'exclusive', `the download of ${blob.digest}`, options);
      const locked = fstatSync(file);
      const there = statSync(path, { throwIfNoEntry: false });
      if (there?.ino === locked.ino && there.dev === locked.dev && !hasBlob(store, blob)) {
        return { path, release: () => closeSync(file) };
      }
      // Who held it has made a blob of it, or thrown it away: what we have locked has no name any more.
      closeSync(file);
    } catch (cause) {
      closeSync(file);
      throw storeFailure(`the download of ${blob.digest} cannot be begun`, path, cause);
    }
  }
}

/**
 * Makes a blob of a partial file that is complete and whose digest was verified by the caller. `durable: 'later'` leaves
 * the flushing to a syncfs(2) of the caller's: see hasBlob for what a power cut before it does. Throws a StoreError.
 */
export async function commitPartial(
  store: string,
  digest: Digest,
  { durable = 'now' }: { readonly durable?: 'now' | 'later' } = {},
): Promise<void> {
  const path = partialPath(store, digest);
  try {
    await publishBlob(store, digest, path, durable);
  } catch (cause) {
    throw storeFailure(`the blob ${digest} cannot be stored`, path, cause);
  }
}

/** Gives a complete and verified file its place among the blobs. Throws Node's errors. */
export async function publishBlob(
  store: string,
  digest: Digest,
  path: string,
  durable: 'now' | 'later',
): Promise<void> {
  const target = blobPath(store, digest);
  const directory = target.slice(0, target.lastIndexOf('/'));
  // In the thread pool: a layer's blob may take seconds, in which others are downloaded.
  if (durable === 'now') await flush(path);
  makeDirectory(directory);
  renameSync(path, target);
  // Only now: a download that is cut off here must be open to the next one.
  chmodSync(target, 0o444);
  if (durable === 'now') fsyncDirectory(directory);
}

async function flush(path: string): Promise<void> {
  const file = await promisify(open)(path, constants.O_RDONLY);
  try {
    await promisify(fsync)(file);
  } finally {
    await promisify(close)(file);
  }
}
