import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { encodeBytes } from '../../linux/bytes.ts';
import { fromNodeError } from '../../linux/errno.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';

/**
 * Takes a path as it was typed and an executable; writes it aside and renames it into place, so that nobody ever runs a
 * half of it, and one that runs right now can be replaced. Throws UsageError.
 */
export function writeLauncher(unsafePath: string, elf: Uint8Array): void {
  const aside = encodeBytes(`${unsafePath}.${process.pid}.tmp`);
  try {
    const file = openSync(aside, 'wx', 0o755);
    try {
      for (let written = 0; written < elf.length; ) written += writeSync(file, elf, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, encodeBytes(unsafePath));
  } catch (error) {
    rmSync(aside, { force: true });
    throw new UsageError(`--output: ${quoted(unsafePath)} cannot be written`, {
      cause: fromNodeError(error, unsafePath),
    });
  }
}
