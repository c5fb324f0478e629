import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { fsyncDirectory } from '../linux/sync.ts';

/** How files that are being written end: whoever holds the store exclusively may remove them. */
export const ASIDE = '.tmp';

let counter = 0;

/** Gives a name beside `path` that no other process uses. */
export function asidePath(path: string): string {
  counter += 1;
  return `${path}.${process.pid}-${Math.random().toString(36).slice(2, 10)}-${counter}${ASIDE}`;
}

export function writeFully(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/**
 * Writes a file so that any reader, at any instant and after a power cut too, sees either what was there or all of the
 * new content: aside, fsync, rename, fsync of the directory; rename(2), open(2). `aside` defaults to a name beside it.
 * Throws Node's errors; nothing is left then.
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  { mode = 0o600, aside = asidePath(path) }: { readonly mode?: number; readonly aside?: string } = {},
): void {
  try {
    const file = openSync(aside, 'wx', 0o600);
    try {
      writeFully(file, bytes);
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  fsyncDirectory(directoryOf(path));
}
