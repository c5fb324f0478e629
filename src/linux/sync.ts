import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { encodeBytes } from './bytes.ts';
import { fromNodeError } from './errno.ts';

/**
 * fsync(2) of a directory: what was created in it, renamed or removed is on the disk after this. Needs no koffi.
 * Throws a LinuxError where the directory cannot be opened.
 */
export function fsyncDirectory(path: string): void {
  try {
    const fd = openSync(encodeBytes(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const failure = fromNodeError(error, path);
    // Some FUSE and network file systems have no fsync of directories; there is nothing to wait for on them.
    if (failure.code !== 'EINVAL') throw failure;
  }
}
