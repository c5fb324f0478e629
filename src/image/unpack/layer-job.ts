import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { fromNodeError } from '../../linux/errno.ts';
import type { FileCalls } from '../../linux/file-calls.ts';
import { fsPath } from '../../linux/paths.ts';
import { hashFor } from '../../store/digest.ts';
import { ImageError } from '../error.ts';
import { decompress } from './decompress.ts';
import { GrowingFile } from './growing-file.ts';
import type { Unpacked, UnpackRequest } from './messages.ts';
import { TarReader } from './tar/reader.ts';
import { must } from './tree/failure.ts';
import type { Owners } from './tree/metadata.ts';
import type { Reliance } from './tree/reliance.ts';
import { discardTree } from './tree/remove-tree.ts';
import { TreeWriter } from './tree/writer.ts';

/** More entries than any image has; without a limit a few MiB could use up all inodes of a disk. */
const MOST_ENTRIES = 5_000_000;

/** Why a job was cut off. */
class Interrupted extends Error {
  readonly restart: boolean;

  constructor(restart: boolean) {
    super(restart ? 'the download began anew' : 'unpacking was given up');
    this.restart = restart;
  }
}

export interface LayerJobOptions {
  readonly calls: FileCalls;
  readonly owners: Owners;
  /** Told of the bytes of the blob that were read. */
  readonly onProgress: (read: number) => void;
}

/** One layer on its way from the blob to the tree: read, decompressed, hashed, parsed and written as it comes. */
export class LayerJob {
  readonly #request: UnpackRequest;
  readonly #options: LayerJobOptions;
  #available: number;
  #abort = new AbortController();
  #file: GrowingFile | undefined;
  #givenUp = false;
  #wake: (() => void) | undefined;

  constructor(request: UnpackRequest, options: LayerJobOptions) {
    this.#request = request;
    this.#options = options;
    this.#available = request.available;
  }

  grown(available: number): void {
    this.#available = available;
    this.#file?.grown(available);
    this.#wake?.();
  }

  restarted(): void {
    this.#available = 0;
    if (!this.#givenUp) this.#abort.abort(new Interrupted(true));
    this.#wake?.();
  }

  abort(): void {
    this.#givenUp = true;
    this.#abort.abort(new Interrupted(false));
    this.#wake?.();
  }

  /** Unpacks to the end. Throws an ImageError, and then nothing is at the target. */
  async run(): Promise<Unpacked & { readonly reliance: Reliance }> {
    for (;;) {
      const { signal } = this.#abort;
      try {
        signal.throwIfAborted();
        return await this.#attempt(signal);
      } catch (error) {
        // Only here can it be done: the files may belong to subordinate ids.
        discardTree(this.#options.calls, this.#request.target);
        await this.#downloaded(signal);
        const restart = signal.aborted && signal.reason instanceof Interrupted && signal.reason.restart;
        if (!restart || this.#givenUp) throw asImageError(error);
        this.#abort = new AbortController();
      }
    }
  }

  async #attempt(signal: AbortSignal): Promise<Unpacked & { readonly reliance: Reliance }> {
    const { source, size, compression, diffId, target, limit } = this.#request;
    const { calls, owners } = this.#options;
    const file = new GrowingFile(size, this.#available, signal);
    this.#file = file;
    const root = makeRoot(calls, target);
    const writer = new TreeWriter(calls, root, { owners, mostEntries: MOST_ENTRIES });
    try {
      const reader = new TarReader(writer);
      const hash = hashFor(diffId);
      let bytes = 0;
      await decompress(this.#counted(file.chunks(source)), compression, (piece) => {
        signal.throwIfAborted();
        bytes += piece.length;
        if (bytes > limit) throw tooLarge(limit);
        hash.update(piece);
        reader.push(piece);
      });
      reader.end();
      const actual = `${diffId.slice(0, diffId.indexOf(':'))}:${hash.digest('hex')}`;
      if (actual !== diffId) throw otherContent(diffId, actual);
      const reliance = writer.complete();
      const reliesOnLower = reliance.implied.length > 0 || reliance.links.length > 0 || reliance.opaqueRoot;
      return { reliesOnLower, bytes, entries: writer.entries, reliance };
    } finally {
      writer.dispose();
      closeSync(root);
    }
  }

  /** What failed on the beginning of a blob need not fail on its next download: this waits whether there is one. */
  async #downloaded(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#available < this.#request.size) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async *#counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let read = 0;
    for await (const piece of pieces) {
      yield piece;
      read += piece.length;
      this.#options.onProgress(read);
    }
  }
}

/** Makes the tree's directory as an unpacker wants it, whatever its parent hands on: group, set-gid bit, default ACL. */
function makeRoot(calls: FileCalls, target: string): number {
  try {
    mkdirSync(fsPath(target), { mode: 0o755 });
    const root = openSync(fsPath(target), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    for (const acl of ['system.posix_acl_default', 'system.posix_acl_access']) calls.fremovexattr(root, acl);
    must(calls.fchown(root, 0, 0), '.', 'give it to root');
    must(calls.fchmod(root, 0o755), '.', 'set its mode');
    return root;
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const failure = fromNodeError(error, target);
    throw new ImageError('UNPACK', 'the directory for the layer cannot be made', { cause: failure });
  }
}

function tooLarge(limit: number): ImageError {
  return new ImageError('UNPACK', `the layer has more than ${limit} bytes when decompressed`, {
    hint: 'if you trust the image, raise `unpack-limit` below [images] in config.toml',
  });
}

function otherContent(diffId: string, actual: string): ImageError {
  return new ImageError('CORRUPT', `the layer's content has the digest ${actual}, and the image says ${diffId}`, {
    hint: "the image's config and its layers do not belong together: whoever publishes it must build it anew",
  });
}

function asImageError(error: unknown): ImageError {
  if (error instanceof ImageError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ImageError('UNPACK', `the layer cannot be unpacked: ${message}`, { cause: error });
}
