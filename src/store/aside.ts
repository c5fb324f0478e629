import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { fsPath } from '../linux/paths.ts';
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

export interface ReplaceOptions {
  /** Permission bits; `umask`: those that any new file of the user's has. Default: 0600. */
  readonly mode?: number | 'umask';
  /** Where it is written first. Default: a name beside it. */
  readonly aside?: string;
  /** Called when all is written but the name: what it throws leaves the file as it was. */
  readonly lastLook?: () => void;
}

/**
 * Writes a file so that any reader, at any instant and after a power cut too, sees either what was there or all of the
 * new content: aside, fsync, rename, fsync of the directory; rename(2), open(2). Paths are byte strings (linux/bytes.ts).
 * Throws Node's errors; nothing is left then.
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  { mode = 0o600, aside = asidePath(path), lastLook = () => {} }: ReplaceOptions = {},
): void {
  try {
    const file = openSync(fsPath(aside), 'wx', mode === 'umask' ? 0o666 : 0o600);
    try {
      writeFully(file, bytes);
      if (mode !== 'umask') fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    lastLook();
    renameSync(fsPath(aside), fsPath(path));
  } catch (error) {
    rmSync(fsPath(aside), { force: true });
    throw error;
  }
  fsyncDirectory(directoryOf(path));
}
