import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';
import { fsPath } from '../linux/paths.ts';
import type { Placed } from '../plan/placed.ts';
import { commitLayer, newWork } from '../store/layer-work.ts';
import { isSoundLayer, layerPath, unsyncedMark } from '../store/layers.ts';
import { lockStore } from '../store/lock.ts';

/*
 * What a plan would make in the root file system at each start, made once, as a layer above the image's. In the upper
 * directory of an overlay each of these places costs the copies of all directories above it, and their removal: half a
 * millisecond for one in /home/USER/PROJECT.
 */

/** Raise it when the layer is made in another way. */
const FORMAT = 1;

/** A layer in the store. */
export interface PlacedLayer {
  /** Path of its tree. */
  readonly tree: string;
  /** Those of the files asked for that are in it. */
  readonly files: readonly string[];
}

export interface PlacedLayerRequest {
  readonly store: string;
  /** Of the id mapping: layerKey. */
  readonly key: string;
  /** Trees of the layers below, uppermost first; never changed. */
  readonly below: readonly string[];
  readonly placed: Placed;
}

/**
 * Gives a layer that has what is to be placed; undefined where there is nothing that can be. Left out is what would change
 * what the image shows: a place behind a symbolic link, or in a directory that is not the user's on the host, whose owner a
 * layer above could not keep. Throws a StoreError.
 */
export async function ensurePlacedLayer(request: PlacedLayerRequest): Promise<PlacedLayer | undefined> {
  const { store, key } = request;
  const entries = entriesOf(request);
  const files = [...entries].flatMap(([path, { kind }]) => (kind === 'file' ? [path] : []));
  if (![...entries.values()].some(({ isNew }) => isNew)) return undefined;
  const text = JSON.stringify([FORMAT, request.below, [...entries]]);
  const name = `placed-${createHash('sha256').update(text).digest('hex')}`;
  const path = layerPath(store, key, name);
  if (isSoundLayer(path)) return { tree: `${path}/tree`, files };
  const lock = await lockStore(store, 'shared');
  try {
    return { tree: makeLayer(request, name, entries), files };
  } finally {
    lock.release();
  }
}

type Entry = { readonly isNew: boolean } & (
  | { readonly kind: 'directory'; readonly mode: number; readonly modified?: number }
  | { readonly kind: 'file'; readonly content: string }
);

/** What the layer has, by absolute path, parents first. */
function entriesOf({ below, placed: { directories, files } }: PlacedLayerRequest): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const { path, mode } of directories) {
    const parents = directoriesTo(below, path, mode);
    if (parents?.at(-1)?.[1].isNew)
      for (const [parent, entry] of parents) entries.set(parent, entries.get(parent) ?? entry);
  }
  for (const { path, content } of files) {
    const parents = directoriesTo(below, path.slice(0, path.lastIndexOf('/')), 0o755);
    // A generated file is for a directory that is there: apt's, where there is apt.
    if (parents === undefined || parents.some(([, { isNew }]) => isNew)) continue;
    const there = topmost(below, path);
    if (there !== undefined && !there.isFile()) continue;
    for (const [parent, entry] of parents) entries.set(parent, entries.get(parent) ?? entry);
    entries.set(path, { kind: 'file', content, isNew: true });
  }
  return entries;
}

/** The directories down to a path, each as the layers show it or new; undefined where one cannot be in a layer above. */
function directoriesTo(
  below: readonly string[],
  path: string,
  mode: number,
): Array<[path: string, entry: Extract<Entry, { kind: 'directory' }>]> | undefined {
  const found: Array<[string, Extract<Entry, { kind: 'directory' }>]> = [];
  const names = path.split('/');
  for (let depth = 1; depth <= names.length; depth++) {
    const directory = names.slice(0, depth).join('/');
    const there = topmost(below, directory);
    if (there === undefined) {
      found.push([directory, { kind: 'directory', mode, isNew: true }]);
    } else if (there.isDirectory() && there.uid === process.getuid?.() && there.gid === process.getgid?.()) {
      found.push([
        directory,
        { kind: 'directory', mode: there.mode & 0o7777, modified: there.mtimeMs / 1000, isNew: false },
      ]);
    } else return undefined;
  }
  return found;
}

/** What the uppermost layer has at a path whose parents are directories; undefined where there is nothing, or a whiteout. */
function topmost(below: readonly string[], path: string): Stats | undefined {
  for (const layer of below) {
    let there: Stats | undefined;
    try {
      there = lstatSync(fsPath(layer + path), { throwIfNoEntry: false });
    } catch {
      // ENOTDIR: a whiteout, or a file, is in the way of what is further down.
      return undefined;
    }
    if (there?.isCharacterDevice()) return undefined;
    if (there !== undefined) return there;
  }
  return undefined;
}

function makeLayer({ store, key }: PlacedLayerRequest, name: string, entries: ReadonlyMap<string, Entry>): string {
  const work = newWork(store);
  try {
    const root = `${work.path}/tree`;
    for (const [path, entry] of entries) {
      if (entry.kind === 'directory') mkdirSync(fsPath(root + path), { mode: 0o700 });
      else writeFileSync(fsPath(root + path), entry.content, { mode: 0o644, flag: 'wx' });
    }
    // From the inside out: what is made in a directory changes its time, and its mode may forbid it.
    for (const [path, entry] of [...entries].reverse()) {
      const place = fsPath(root + path);
      if (entry.kind === 'file') chmodSync(place, 0o644);
      else {
        if (entry.modified !== undefined) utimesSync(place, entry.modified, entry.modified);
        chmodSync(place, entry.mode);
      }
    }
    const tree = commitLayer(store, key, name, work.path, undefined);
    sync(tree);
    return tree;
  } finally {
    work.release();
  }
}

/** Its shims are files that outlive a power cut; so does what they stand on. */
function sync(tree: string): void {
  const directory = openSync(fsPath(tree), 'r');
  try {
    hostSyscalls().syncfs(directory);
  } finally {
    closeSync(directory);
  }
  rmSync(fsPath(unsyncedMark(tree)), { force: true });
}
