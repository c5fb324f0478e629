import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { latin1FsPath } from '../linux/paths.ts';

const CHUNK = Buffer.allocUnsafeSlow(256 * 1024);

function openSource(path: string): number | undefined {
  try {
    // O_NONBLOCK: a FIFO that took the file's place must not stop us.
    return openSync(latin1FsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** Gives the bytes written; fewer than the source has where reading it fails half-way. Throws when writing fails. */
function pour(from: number, to: number, most: number): number {
  let written = 0;
  while (written < most) {
    let length: number;
    try {
      length = readSync(from, CHUNK, 0, Math.min(CHUNK.length, most - written), null);
    } catch {
      break;
    }
    if (length === 0) break;
    for (let at = 0; at < length; ) at += writeSync(to, CHUNK, at, length - at);
    written += length;
  }
  return written;
}

/**
 * Copies a regular file of the host with its permission bits and modification time; never through a symbolic link.
 * Takes paths of Latin-1 characters (paths.ts) and the most bytes to copy. Gives the bytes copied, or undefined when
 * there is nothing copied: unreadable, not a regular file, larger than that. Throws what open(2), write(2) and
 * fsync(2) of the copy do.
 *
 * Set-user-id, set-group-id and sticky bits are dropped: the copy is the user's, and they would grant others the
 * user's rights. The copy is on the disk when this returns.
 */
export function copyRegularFile(source: string, destination: string, most: number): number | undefined {
  const from = openSource(source);
  if (from === undefined) return undefined;
  try {
    const stat = fstatSync(from);
    if (!stat.isFile() || stat.size > most) return undefined;
    const to = openSync(latin1FsPath(destination), 'wx', 0o600);
    try {
      const size = pour(from, to, stat.size);
      fchmodSync(to, (stat.mode & 0o777) | 0o400);
      futimesSync(to, stat.atime, stat.mtime);
      if (size > 0) fsyncSync(to);
      return size;
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}
