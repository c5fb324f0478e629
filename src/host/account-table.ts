import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { decodeBytes, encodeBytes } from '../linux/bytes.ts';

/** Bytes of the largest table that is read: a million accounts are no container's. */
const LARGEST = 64 * 1024 * 1024;

/**
 * Gives the text of /etc/passwd or /etc/group of a root file system, '' where it has none; passwd(5), group(5).
 *
 * Nobody vouches for what is in the directory: a link that leads out of it is not followed, and what is no ordinary file
 * (a FIFO, /dev/zero) is not read. `root` has no symbolic links on its way; `/` is the host itself.
 */
export function readAccountTable(root: string, name: 'passwd' | 'group'): string {
  let file: number | undefined;
  try {
    const path = decodeBytes(realpathSync.native(encodeBytes(`${root}/etc/${name}`), { encoding: 'buffer' }));
    if (root !== '/' && !path.startsWith(`${root}/`)) return '';
    file = openSync(encodeBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const about = fstatSync(file);
    return about.isFile() && about.size <= LARGEST ? decodeBytes(readFileSync(file)) : '';
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
