import { closeSync, openSync, readSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';

const CHUNK = 256 * 1024;

/** Reads a file that another process still writes: what is said to be there is read, then there is a wait for more. */
export class GrowingFile {
  readonly #size: number;
  readonly #signal: AbortSignal;
  #available: number;
  #wake: (() => void) | undefined;

  /** `size` and `available` in bytes: of the whole file, and of what is there now. */
  constructor(size: number, available: number, signal: AbortSignal) {
    this.#size = size;
    this.#available = available;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  grown(available: number): void {
    this.#available = Math.min(available, this.#size);
    this.#wake?.();
  }

  /**
   * Gives the whole file, piece by piece; each is only good until the next is asked for. Throws the signal's reason once it
   * is aborted.
   */
  async *chunks(path: string): AsyncGenerator<Buffer> {
    const descriptor = openSync(fsPath(path), 'r');
    try {
      const buffer = Buffer.allocUnsafeSlow(CHUNK);
      let position = 0;
      while (position < this.#size) {
        this.#signal.throwIfAborted();
        const length = Math.min(CHUNK, this.#available - position);
        if (length <= 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        // What was just written is in memory: a turn through the thread pool would take longer than the copy, and the
        // decompression stands still meanwhile.
        const bytesRead = readSync(descriptor, buffer, { length, position });
        if (bytesRead === 0) throw new Error(`${path} has ${position} bytes instead of ${this.#available}`);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      this.#signal.throwIfAborted();
    } finally {
      closeSync(descriptor);
    }
  }
}
