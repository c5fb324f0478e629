import { readFileSync, statSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import { asidePath, replaceFile } from './aside.ts';
import { type Digest, digestOf, digestParts } from './digest.ts';
import { errnoOf, StoreError, storeFailure } from './error.ts';
import { imagesDirectory } from './layout.ts';

/** A blob as a descriptor tells of it. */
export interface BlobId {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Gives where a blob is, or would be; OCI image spec, image-layout.md, "Blobs". */
export function blobPath(store: string, digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return `${imagesDirectory(store)}/blobs/${algorithm}/${hex}`;
}

/**
 * Says whether the blob is there. Its bytes were verified when it was stored; what a power cut may do to a file that was
 * not on the disk yet shows in its size.
 */
export function hasBlob(store: string, { digest, size }: BlobId): boolean {
  const stat = statSync(blobPath(store, digest), { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size === size;
}

/** Gives the bytes of a blob: a manifest or a config, not a layer. Throws a StoreError: CORRUPT where it is missing. */
export function readBlob(store: string, digest: Digest): Buffer {
  const path = blobPath(store, digest);
  try {
    return readFileSync(path);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw storeFailure(`the blob ${digest} cannot be read`, path, cause);
    throw new StoreError('CORRUPT', `the blob ${digest} is missing from the store`, {
      hint: 'pull the image again: what is there already is not downloaded again',
      cause,
    });
  }
}

/** Stores bytes that are at hand (a manifest, a config) and gives their digest. Throws a StoreError. */
export function writeBlob(store: string, bytes: Uint8Array): Digest {
  const digest = digestOf(bytes);
  if (hasBlob(store, { digest, size: bytes.length })) return digest;
  const path = blobPath(store, digest);
  const { algorithm, hex } = digestParts(digest);
  const partial = `${imagesDirectory(store)}/partial`;
  try {
    makeDirectory(partial);
    makeDirectory(path.slice(0, path.lastIndexOf('/')));
    replaceFile(path, bytes, { mode: 0o444, aside: asidePath(`${partial}/${algorithm}-${hex}`) });
  } catch (cause) {
    throw storeFailure(`the blob ${digest} cannot be written`, path, cause);
  }
  return digest;
}
