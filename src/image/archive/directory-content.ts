import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { type BlobId, hasBlob } from '../../store/blobs.ts';
import { digestParts } from '../../store/digest.ts';
import { errnoOf } from '../../store/error.ts';
import { algorithmOf, Spool } from '../../store/spool.ts';
import { type ArchiveContent, MOST_DOCUMENT_BYTES } from './content.ts';
import { ArchiveError, corrupt, invalidArchive } from './error.ts';

const CHUNK = 1024 * 1024;

/**
 * An OCI image layout in a directory: OCI image spec, image-layout.md. Only documents at its top and blobs by their digest
 * are looked at. Links are followed, as tools that make layouts of a build cache leave them.
 */
export class DirectoryContent implements ArchiveContent {
  readonly shown: string;
  readonly #store: string;
  readonly #path: string;

  constructor(store: string, path: string) {
    this.#store = store;
    this.#path = path;
    this.shown = JSON.stringify(path);
  }

  document(name: string): Buffer | undefined {
    const file = this.#open(name);
    if (file === undefined) return undefined;
    try {
      const { size } = fstatSync(file);
      if (size > MOST_DOCUMENT_BYTES) {
        throw invalidArchive(this.shown, `${name} has ${size} bytes, over the limit of 4 MiB`);
      }
      return readFileSync(file);
    } catch (cause) {
      throw this.#failure(name, cause);
    } finally {
      closeSync(file);
    }
  }

  member(): undefined {
    return undefined;
  }

  async store({ digest, size }: BlobId): Promise<void> {
    if (hasBlob(this.#store, { digest, size })) return;
    const { algorithm, hex } = digestParts(digest);
    const name = `blobs/${algorithm}/${hex}`;
    const file = this.#open(name);
    if (file === undefined) throw corrupt(this.shown, `the blob ${digest} is missing`);
    const spool = new Spool(this.#store, algorithmOf(digest));
    try {
      const there = fstatSync(file).size;
      if (there !== size) throw corrupt(this.shown, `the blob ${digest} has ${there} bytes, and ${size} are stated`);
      this.#copy(file, name, spool);
      const blob = spool.end();
      if (blob.digest !== digest) throw corrupt(this.shown, `the blob ${digest} is not what its digest says`);
      await spool.commit(blob);
    } finally {
      closeSync(file);
      spool.discard();
    }
  }

  close(): void {}

  #copy(file: number, name: string, spool: Spool): void {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      let length: number;
      try {
        length = readSync(file, buffer);
      } catch (cause) {
        throw this.#failure(name, cause);
      }
      if (length === 0) return;
      spool.write(buffer.subarray(0, length));
    }
  }

  /** Without waiting for a FIFO's other end. */
  #open(name: string): number | undefined {
    try {
      const file = openSync(fsPath(`${this.#path}/${name}`), constants.O_RDONLY | constants.O_NONBLOCK);
      if (fstatSync(file).isFile()) return file;
      closeSync(file);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return undefined;
      throw this.#failure(name, cause);
    }
    throw invalidArchive(this.shown, `${name} is no file`);
  }

  #failure(name: string, cause: unknown): unknown {
    const errno = errnoOf(cause);
    if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return cause;
    return new ArchiveError('INPUT', `${JSON.stringify(`${this.#path}/${name}`)} cannot be read: ${errno}`, { cause });
  }
}
