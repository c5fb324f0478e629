import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { digestParts, hashFor } from '../../store/digest.ts';
import { ImageError } from '../error.ts';
import type { Descriptor } from '../model.ts';

const READ_BYTES = 1024 * 1024;

interface Listener {
  readonly onBytes: (totalOnDisk: number) => void;
  readonly onReset?: () => void;
}

/** A blob in a file that grows, hashed as it does. */
export class PartialBlob {
  readonly descriptor: Descriptor;
  readonly #file: FileHandle;
  readonly #listener: Listener;
  #hash: Hash;
  #length = 0;
  #digest: string | undefined;

  private constructor(file: FileHandle, descriptor: Descriptor, listener: Listener) {
    this.#file = file;
    this.descriptor = descriptor;
    this.#listener = listener;
    this.#hash = hashFor(descriptor.digest);
  }

  /** Reads what the file holds; a file that is longer than the blob is no part of it. */
  static async open(file: FileHandle, descriptor: Descriptor, listener: Listener): Promise<PartialBlob> {
    const blob = new PartialBlob(file, descriptor, listener);
    const { size } = await file.stat();
    if (size > descriptor.size) await blob.reset();
    else if (size > 0) await blob.#readPart(size);
    return blob;
  }

  async #readPart(size: number): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size));
    while (this.#length < size) {
      const { bytesRead } = await this.#file.read(
        buffer,
        0,
        Math.min(buffer.length, size - this.#length),
        this.#length,
      );
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#length += bytesRead;
    }
    this.#listener.onBytes(this.#length);
  }

  /** Bytes in the file. */
  get length(): number {
    return this.#length;
  }

  isComplete(): boolean {
    return this.#length === this.descriptor.size;
  }

  /** Whether the digest is right; of a complete blob, and the last thing that is asked of it. */
  isRight(): boolean {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest === digestParts(this.descriptor.digest).hex;
  }

  /** Empties the file. */
  async reset(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = hashFor(this.descriptor.digest);
    this.#digest = undefined;
    this.#length = 0;
    this.#listener.onReset?.();
  }

  /** Appends what was not there before. Throws an ImageError where it cannot be written. */
  async append(chunks: readonly Buffer[]): Promise<void> {
    let rest = [...chunks];
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await this.#file.writev(rest, this.#length);
        this.#length += bytesWritten;
        rest = dropBytes(rest, bytesWritten);
      }
    } catch (cause) {
      const isFull = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
      throw new ImageError('UNPACK', `the blob ${this.descriptor.digest} cannot be written`, {
        ...(isFull ? { hint: 'make room on the file system of the store; `sandbox gc` may free some' } : {}),
        cause,
      });
    }
    this.#listener.onBytes(this.#length);
  }

  /** Takes bytes into the digest, in the order in which they come. */
  hash(chunk: Buffer): void {
    this.#hash.update(chunk);
  }
}

/** What is left of chunks after their first bytes. */
function dropBytes(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    if (left >= chunk.length) left -= chunk.length;
    else {
      rest.push(left === 0 ? chunk : chunk.subarray(left));
      left = 0;
    }
  }
  return rest;
}
