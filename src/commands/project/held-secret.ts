import { readlinkSync } from 'node:fs';
import { decodeBytes } from '../../linux/bytes.ts';
import { fsPath } from '../../linux/paths.ts';
import type { SecretRequest } from '../options/secret.ts';

/** As many links as the kernel follows: path_resolution(7). */
const MOST_LINKS = 40;

/**
 * Takes a secret of sandbox.toml, whose path is absolute, and gives it with the directory that its file has to lie in, if any:
 * of `writable` (absolute real paths), which what runs inside may change, the first that the path goes through. There it could
 * put a link to another file of the user's in the file's place.
 */
export function heldSecret({ name, source }: SecretRequest, writable: readonly string[]): SecretRequest {
  if (source.kind !== 'file') return { name, source };
  const within = placeOnTheWay(source.unsafePath, writable);
  return within === undefined ? { name, source } : { name, source: { ...source, within } };
}

/** Goes a path name by name as the kernel does, links included: each may lead through such a directory, and on. */
function placeOnTheWay(unsafePath: string, writable: readonly string[]): string | undefined {
  const names = unsafePath.split('/').reverse();
  let at = '';
  for (let links = 0; names.length > 0; ) {
    const name = names.pop() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
      continue;
    }
    const path = `${at}/${name}`;
    // A name in it is theirs to change; its own is not.
    const place = writable.find((each) => path.startsWith(each === '/' ? '/' : `${each}/`));
    if (place !== undefined) return place;
    const target = linkAt(path);
    if (target === undefined) {
      at = path;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return undefined;
    if (target.startsWith('/')) at = '';
    names.push(...target.split('/').reverse());
  }
  return undefined;
}

function linkAt(path: string): string | undefined {
  try {
    return decodeBytes(readlinkSync(fsPath(path), 'buffer'));
  } catch {
    // No link, or nothing: whoever opens it says so.
    return undefined;
  }
}
