import { writeSync } from 'node:fs';
import { printable } from './printable.ts';

/** The reader of our output is gone (EPIPE): nothing is left to say, and nobody to say it to. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
  readonly code = 'OUTPUT_CLOSED';
}

/** Says whether that is what was thrown. By its code: the class exists once in each script of the executable. */
export function isOutputClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'OUTPUT_CLOSED';
}

const RETRY_MILLISECONDS = 5;

/**
 * Takes a descriptor and bytes and writes all of them before it returns. Not through process.stdout: opening that stream costs
 * milliseconds and makes a pipe non-blocking for every program that shares it, the command in the sandbox included.
 * A pipe that another program made non-blocking is waited for. Throws OutputClosedError, and Node's error for a full disk.
 */
function writeAll(descriptor: 1 | 2, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') throw new OutputClosedError('the output is closed', { cause: error });
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS);
    }
  }
}

/** Writes to standard output, as it is. */
export function print(text: string): void {
  writeAll(1, Buffer.from(text, 'utf8'));
}

/** Writes bytes to standard output: an archive. */
export function printBytes(bytes: Uint8Array): void {
  writeAll(1, bytes);
}

/** Writes to standard error, as it is; one that is closed is not worth an error of its own. */
export function printError(text: string): void {
  try {
    writeAll(2, Buffer.from(text, 'utf8'));
  } catch {
    // Nowhere is left to report it.
  }
}

/** Takes one line that the user should know, without its end, and writes it to standard error. */
export function note(line: string): void {
  printError(`sandbox: ${printable(line)}\n`);
}
