import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { decodeBytes, encodeBytes } from '../linux/bytes.ts';
import { readLayerFile } from './layer-files.ts';

/** Bytes of the largest table that is read: a million accounts are no container's. */
const LARGEST = 64 * 1024 * 1024;

/** Where a root file system is: a RootFs of the plan is one. */
export type AccountRoot =
  | { readonly kind: 'host' }
  /** `path` has no symbolic links on its way. */
  | { readonly kind: 'directory'; readonly path: string }
  /** Uppermost first. */
  | { readonly kind: 'image'; readonly layers: readonly string[] };

/**
 * Gives the text of /etc/passwd or /etc/group of a root file system, '' where it has none; passwd(5), group(5). `changes`:
 * the upper directory of a kept sandbox, above an image's layers.
 *
 * Nobody vouches for what is in a directory or an image: a link that leads out of it is not followed, and what is no
 * ordinary file (a FIFO, /dev/zero) is not read.
 */
export function readAccountTable(root: AccountRoot, name: 'passwd' | 'group', changes?: string): string {
  if (root.kind === 'image') {
    const layers = changes === undefined ? root.layers : [changes, ...root.layers];
    const content = readLayerFile(layers, `/etc/${name}`, LARGEST);
    return content === undefined ? '' : decodeBytes(content);
  }
  return readTable(root.kind === 'host' ? '/' : root.path, name);
}

function readTable(root: string, name: 'passwd' | 'group'): string {
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
