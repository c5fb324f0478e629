import type { Hash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import { asidePath } from './aside.ts';
import { type BlobId, hasBlob } from './blobs.ts';
import { type Digest, digestParts } from './digest.ts';
import { storeFailure } from './error.ts';
import { imagesDirectory } from './layout.ts';
import { publishBlob } from './partials.ts';

/**
 * A blob whose bytes come one after the other and whose digest nobody knows before the end. It lies aside until `commit`;
 * the caller keeps the store locked (`shared`).
 */
export class Spool {
  readonly #store: string;
  readonly #path: string;
  readonly #algorithm: 'sha256' | 'sha512';
  readonly #hash: Hash;
  #file: number | undefined;
  #size = 0;
  /** It has become a blob, or was thrown away. */
  #isGone = false;

  /** Throws a StoreError where the store cannot be written. */
  constructor(store: string, algorithm: 'sha256' | 'sha512' = 'sha256') {
    this.#store = store;
    this.#algorithm = algorithm;
    this.#hash = process.getBuiltinModule('node:crypto').createHash(algorithm);
    const partial = `${imagesDirectory(store)}/partial`;
    this.#path = asidePath(`${partial}/blob`);
    try {
      makeDirectory(partial);
      this.#file = openSync(this.#path, 'wx', 0o600);
    } catch (cause) {
      throw storeFailure('a blob cannot be written', this.#path, cause);
    }
  }

  /** Throws a StoreError. */
  write(bytes: Uint8Array): void {
    if (this.#file === undefined) throw new TypeError('the blob is complete');
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#file, bytes, written, bytes.length - written);
      }
    } catch (cause) {
      throw storeFailure('a blob cannot be written', this.#path, cause);
    }
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** Gives what was written; nothing can be written after it. */
  end(): BlobId {
    this.#close();
    return { digest: `${this.#algorithm}:${this.#hash.digest('hex')}`, size: this.#size };
  }

  /** Makes a blob of it, which is on the disk then. `blob`: what `end` gave. Throws a StoreError. */
  async commit(blob: BlobId): Promise<void> {
    if (this.#isGone) return;
    if (hasBlob(this.#store, blob)) return this.discard();
    try {
      await publishBlob(this.#store, blob.digest, this.#path, 'now');
      this.#isGone = true;
    } catch (cause) {
      throw storeFailure(`the blob ${blob.digest} cannot be written`, this.#path, cause);
    }
  }

  /** Throws it away; nothing after `commit`. */
  discard(): void {
    this.#close();
    if (!this.#isGone) rmSync(this.#path, { force: true });
    this.#isGone = true;
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Which algorithm a blob is to be hashed with so that it can be found under its digest. */
export function algorithmOf(digest: Digest | undefined): 'sha256' | 'sha512' {
  return digest === undefined ? 'sha256' : digestParts(digest).algorithm;
}
