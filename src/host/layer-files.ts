import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { hostArch } from '../linux/arch.ts';
import { decodeBytes, encodeBytes } from '../linux/bytes.ts';
import { OPEN } from '../linux/constants/open.ts';
import { errorCode } from './error.ts';

/** As many symbolic links as the kernel follows: path_resolution(7). */
const MOST_LINKS = 40;

type Found =
  | { readonly kind: 'file'; readonly content: Buffer }
  /** The component number `at` is a symbolic link. */
  | { readonly kind: 'link'; readonly at: number; readonly target: string }
  /** There is none, and no layer further down counts. */
  | { readonly kind: 'hidden' }
  | { readonly kind: 'absent' };

const HIDDEN: Found = { kind: 'hidden' };

/**
 * Gives the content of a file as the overlay of `layers` (absolute paths, uppermost first) shows it, undefined where there is
 * none, where it is no ordinary file or larger than `maxBytes`, and where it cannot be read: files may belong to subordinate
 * ids. `path` is absolute; symbolic links lead to where they would inside. Whiteouts hide what is below them:
 * Documentation/filesystems/overlayfs.rst; that a directory is opaque is not looked at, since it takes getxattr(2).
 *
 * Nobody vouches for what is in the layers, and a process may be changing the uppermost: every step is taken from a
 * descriptor of the directory before, and no link is followed by the kernel.
 */
export function readLayerFile(layers: readonly string[], path: string, maxBytes: number): Buffer | undefined {
  let names = normalised(path.split('/'));
  for (let links = 0; links <= MOST_LINKS; links++) {
    const found = look(layers, names, maxBytes);
    if (found.kind === 'file') return found.content;
    if (found.kind !== 'link') return undefined;
    const from = found.target.startsWith('/') ? [] : names.slice(0, found.at);
    names = normalised([...from, ...found.target.split('/'), ...names.slice(found.at + 1)]);
  }
  return undefined;
}

/** The root is its own parent. */
function normalised(names: readonly string[]): string[] {
  const path: string[] = [];
  for (const name of names) {
    if (name === '..') path.pop();
    else if (name !== '' && name !== '.') path.push(name);
  }
  return path;
}

function look(layers: readonly string[], names: readonly string[], maxBytes: number): Found {
  for (const layer of layers) {
    const found = lookInLayer(layer, names, maxBytes);
    if (found.kind !== 'absent') return found;
  }
  return HIDDEN;
}

function lookInLayer(layer: string, names: readonly string[], maxBytes: number): Found {
  const { O_PATH, O_DIRECTORY, O_NOFOLLOW } = OPEN[hostArch()];
  const open: number[] = [];
  try {
    let directory = openSync(encodeBytes(layer), O_PATH | O_DIRECTORY);
    open.push(directory);
    for (const [index, name] of names.entries()) {
      const place = encodeBytes(`/proc/self/fd/${directory}/${name}`);
      const entry = openSync(place, O_PATH | O_NOFOLLOW);
      open.push(entry);
      const about = fstatSync(entry);
      if (about.isSymbolicLink()) {
        return { kind: 'link', at: index, target: decodeBytes(readlinkSync(place, { encoding: 'buffer' })) };
      }
      const isLast = index === names.length - 1;
      if (isLast && about.isFile() && about.size <= maxBytes) return { kind: 'file', content: contentOf(entry) };
      // Anything else in its place, a whiteout above all (a character device 0:0), hides what is further down.
      if (isLast || !about.isDirectory()) return HIDDEN;
      directory = entry;
    }
    return HIDDEN;
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? { kind: 'absent' } : HIDDEN;
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
}

function contentOf(entry: number): Buffer {
  const file = openSync(`/proc/self/fd/${entry}`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
