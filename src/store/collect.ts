import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';
import { makeDirectory } from '../linux/make-directory.ts';
import { ASIDE } from './aside.ts';
import { errnoOf } from './error.ts';
import { readIndex } from './images.ts';
import { type InUse, inUse } from './in-use.ts';
import { isSoundLayer } from './layers.ts';
import { imagesDirectory, layersDirectory, shelf } from './layout.ts';
import { lockPath, lockStore, openLockFile, tryFlock, type WaitOptions } from './lock.ts';
import { type References, referencesOf } from './references.ts';

/*
 * Mark and sweep. Roots are the images of index.json and what sandboxes stand on; what they do not lead to goes.
 *
 * Against pulls: they hold the store's lock shared from before their first blob until the image is in the list, and this
 * holds it exclusively. Against starts of sandboxes, which take no lock: a layer is only renamed at first, to where
 * nobody empties anything, and looked at again; a sandbox that was faster has written its spec.json before it mounted
 * anything, and gets its layers back (the mount does not notice); one that was slower finds the layer missing. Against
 * kill -9: every step is one rename(2) or unlink(2) of something that nothing refers to, and what is out of its place is
 * put back first.
 */

export interface CollectOptions extends WaitOptions {
  /** Also what may be wanted again: interrupted downloads however young, all compiled launchers. */
  readonly all: boolean;
  /** The id mapping of today (layerKey): layers of others go unless a sandbox stands on them. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

/** What was removed. Bytes are those on the disk. */
export interface Collected {
  readonly blobs: Swept;
  readonly partials: Swept;
  /** Half-written files. */
  readonly asides: Swept;
  readonly launchers: Swept;
  /** Those moved to the trash, whose files may belong to subordinate ids. */
  readonly layers: readonly string[];
  readonly work: readonly string[];
  /** Images of the list of which blobs are missing. What they need is unknown: no blob and no layer was removed then. */
  readonly damaged: readonly string[];
}

export interface Swept {
  readonly count: number;
  readonly bytes: number;
}

/** An interrupted download is worth going on with for so long. */
const PARTIAL_KEPT_MS = 24 * 3600_000;
const LAUNCHER_KEPT_MS = 30 * 24 * 3600_000;
const ASIDE_KEPT_MS = 3600_000;

class Sweep {
  count = 0;
  bytes = 0;

  /** Removes the files of a directory that are meant; a missing directory has none. */
  files(directory: string, isMeant: (name: string, stat: Stats, path: string) => boolean): this {
    for (const name of namesIn(directory)) {
      const path = `${directory}/${name}`;
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined || !stat.isFile() || !isMeant(name, stat, path)) continue;
      rmSync(path, { force: true });
      this.count += 1;
      this.bytes += stat.blocks * 512;
    }
    return this;
  }

  result(): Swept {
    return { count: this.count, bytes: this.bytes };
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/**
 * Removes from the images and layers what nothing refers to; waits until nobody adds to them. What went to the trash is
 * the caller's to remove. Throws a StoreError: CORRUPT where the list of images cannot be read, and then nothing is
 * removed.
 */
export async function collect(store: string, options: CollectOptions): Promise<Collected> {
  const lock = await lockStore(store, 'exclusive', options);
  try {
    const list = await lockPath(`${imagesDirectory(store)}/.lock`, 'exclusive', 'the list of images', options);
    try {
      return sweep(store, options);
    } finally {
      list.release();
    }
  } finally {
    lock.release();
  }
}

function sweep(store: string, options: CollectOptions): Collected {
  const now = options.now ?? Date.now();
  const marked = mark(store);
  const images = imagesDirectory(store);
  const isKnown = marked.damaged.length === 0;
  const blobs = new Sweep();
  for (const algorithm of isKnown ? namesIn(`${images}/blobs`) : [])
    blobs.files(`${images}/blobs/${algorithm}`, (hex) => !marked.blobs.has(`${algorithm}:${hex}`));
  const partials = new Sweep().files(
    `${images}/partial`,
    (name, { mtimeMs }, path) =>
      !name.endsWith(ASIDE) && (options.all || now - mtimeMs > PARTIAL_KEPT_MS) && isFree(path),
  );
  const asides = new Sweep()
    .files(`${images}/partial`, (name) => name.endsWith(ASIDE))
    .files(images, (name) => name.endsWith(ASIDE))
    .files(`${store}/launchers`, (name, { mtimeMs }) => name.endsWith(ASIDE) && now - mtimeMs > ASIDE_KEPT_MS);
  const launchers = new Sweep().files(
    `${store}/launchers`,
    (name, { mtimeMs }) => !name.endsWith(ASIDE) && (options.all || now - mtimeMs > LAUNCHER_KEPT_MS),
  );
  putBack(store);
  const work = staleWork(store).map((path) => moveAway(store, path));
  const layers = isKnown ? sweepLayers(store, options.key, marked) : [];
  settleUnsynced(store);
  return {
    blobs: blobs.result(),
    partials: partials.result(),
    asides: asides.result(),
    launchers: launchers.result(),
    layers,
    work,
    damaged: marked.damaged,
  };
}

interface Marked {
  readonly blobs: ReadonlySet<string>;
  /** Names of directories: layers.ts, layerName. */
  readonly layers: ReadonlySet<string>;
  readonly damaged: readonly string[];
}

function mark(store: string): Marked {
  const blobs = new Set<string>();
  const layers = new Set<string>();
  const damaged: string[] = [];
  const add = (references: References): void => {
    for (const blob of references.blobs) blobs.add(blob);
    for (const layer of references.layers) layers.add(layer);
  };
  for (const { image } of readIndex(store).entries) {
    const references = referencesOf(store, image.manifest.digest);
    if (!references.complete) damaged.push(image.name ?? image.manifest.digest);
    add(references);
    if (image.index !== undefined) blobs.add(image.index.digest);
  }
  // Of these the layers are named one by one: see sweepLayers.
  for (const digest of inUse(store).manifests.keys())
    for (const blob of referencesOf(store, digest).blobs) blobs.add(blob);
  return { blobs, layers, damaged };
}

/** Nobody has it locked: proof that no download appends to it. */
function isFree(path: string): boolean {
  let file: number;
  try {
    file = openLockFile(path);
  } catch {
    return false;
  }
  try {
    return tryFlock(file, 'exclusive');
  } finally {
    closeSync(file);
  }
}

/** Directories of unpackers that are gone. */
function staleWork(store: string): string[] {
  const parent = `${layersDirectory(store)}/.work`;
  return namesIn(parent)
    .map((name) => `${parent}/${name}`)
    .filter((path) => statSync(`${path}/lock`, { throwIfNoEntry: false }) === undefined || isFree(`${path}/lock`));
}

function moveAway(store: string, path: string): string {
  const place = `${shelf(store, 'trash')}/${process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex')}`;
  renameSync(path, place);
  return place;
}

/** How a layer is called in .work/ while it is looked at a second time: with its key and its name behind it. */
const LEAVING = 'leaving:';

/** Puts layers back that a killed collection had taken out of their places, before it had looked a second time. */
function putBack(store: string): void {
  const parent = `${layersDirectory(store)}/.work`;
  for (const name of namesIn(parent).filter((each) => each.startsWith(LEAVING))) {
    const path = `${layersDirectory(store)}/${name.slice(LEAVING.length).replace(':', '/')}`;
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    makeDirectory(path.slice(0, path.lastIndexOf('/')));
    renameSync(`${parent}/${name}`, path);
  }
}

/** Gives where those are now that were moved to the trash. */
function sweepLayers(store: string, key: string, marked: Marked): string[] {
  const leaving = new Map<string, string>();
  const used = inUse(store);
  for (const path of layerPaths(store)) {
    if (used.layers.has(`${path}/tree`)) continue;
    const [ownKey = '', name = ''] = path.split('/').slice(-2);
    if (ownKey === key && marked.layers.has(name) && isSoundLayer(path)) continue;
    const place = `${layersDirectory(store)}/.work/${LEAVING}${ownKey}:${name}`;
    renameSync(path, place);
    leaving.set(path, place);
  }
  giveBack(leaving, inUse(store));
  const moved = [...leaving.values()].map((place) => moveAway(store, place));
  for (const name of namesIn(layersDirectory(store)).filter((each) => each !== '.work')) {
    try {
      rmdirSync(`${layersDirectory(store)}/${name}`);
    } catch {
      // Not empty.
    }
  }
  return moved;
}

/** A sandbox that was started meanwhile stands on them. */
function giveBack(leaving: Map<string, string>, { layers, unknown }: InUse): void {
  for (const [path, place] of leaving) {
    if (unknown.length === 0 && !layers.has(`${path}/tree`)) continue;
    renameSync(place, path);
    leaving.delete(path);
  }
}

/** Gives the directories of all layers, under whatever id mapping. */
export function layerPaths(store: string): string[] {
  const directory = layersDirectory(store);
  return namesIn(directory)
    .filter((key) => key !== '.work')
    .flatMap((key) => namesIn(`${directory}/${key}`).map((hex) => `${directory}/${key}/${hex}`));
}

/** Marks that a process which was killed did not come to remove. Nobody unpacks now: what there is can be flushed. */
function settleUnsynced(store: string): void {
  const marks = layerPaths(store)
    .map((path) => `${path}/unsynced`)
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (marks.length === 0) return;
  const file = openSync(layersDirectory(store), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    hostSyscalls().syncfs(file);
  } finally {
    closeSync(file);
  }
  for (const path of marks) if (isSoundLayer(path.slice(0, -'/unsynced'.length))) rmSync(path, { force: true });
}
