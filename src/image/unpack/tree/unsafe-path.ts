import { refused } from './failure.ts';

/** The longest path that the kernel takes, limits.h. */
export const LONGEST = 4095;

/** What begins the names of whiteouts; OCI image spec, layer.md. */
export const WHITEOUT = '.wh.';
export const OPAQUE = '.wh..wh..opq';
const AUFS = '.wh..wh.';

/**
 * Takes a name from an archive and gives the path below the root that it stands for: no empty part, no `.`, no `..`, no
 * slash at either end; the root is ''. `..` is undone within the name, and above the root it means nothing, as Go's
 * `filepath.Clean("/" + name)` has it, by which docker, podman and containerd go. Throws where the path is too long.
 */
export function cleanPath(unsafePath: string): string {
  let path = unsafePath;
  if (path.startsWith('./')) path = path.slice(2);
  if (path.endsWith('/')) path = path.slice(0, -1);
  if (path === '' || path === '.' || path.startsWith('/') || path.startsWith('.') || /\/(?:\/|\.)|\/$/.test(path)) {
    const parts: string[] = [];
    for (const part of unsafePath.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    path = parts.join('/');
  }
  if (path.length > LONGEST) throw refused(unsafePath, `its path has ${path.length} bytes, and Linux takes ${LONGEST}`);
  return path;
}

/** The directory of a path, '' for the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function below(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** What a path means for the layers below. */
export type Meaning =
  | { readonly kind: 'entry' }
  | { readonly kind: 'whiteout'; readonly name: string }
  | { readonly kind: 'opaque' }
  /** What aufs kept for itself: nothing of a file system. */
  | { readonly kind: 'nothing' };

/** Takes a clean path. Throws where it has the form of a whiteout, but names nothing that could be removed. */
export function meaningOf(path: string): Meaning {
  // Nearly every path ends here.
  if (!path.includes(WHITEOUT)) return { kind: 'entry' };
  const base = baseOf(path);
  const parent = parentOf(path);
  for (const part of parent.split('/')) {
    if (part.startsWith(AUFS)) return { kind: 'nothing' };
    if (part.startsWith(WHITEOUT)) throw refused(path, 'a whiteout has nothing below it');
  }
  if (!base.startsWith(WHITEOUT)) return { kind: 'entry' };
  if (base === OPAQUE) return { kind: 'opaque' };
  if (base.startsWith(AUFS)) return { kind: 'nothing' };
  const name = base.slice(WHITEOUT.length);
  if (name === '' || name === '.' || name === '..') throw refused(path, `a whiteout of ${JSON.stringify(name)}`);
  return { kind: 'whiteout', name };
}
