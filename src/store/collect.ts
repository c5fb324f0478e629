import { ASIDE } from './aside.ts';
import { collectBuilds } from './builds.ts';
import { moveAway, putBack, settleUnsynced, staleWork, sweepLayers } from './collect/layers.ts';
import { sweepProjects } from './collect/projects.ts';
import { sweepSteps } from './collect/steps.ts';
import { namesIn, Sweep, type Swept } from './collect/sweep.ts';
import { readIndex } from './images.ts';
import { inUse } from './in-use.ts';
import { imagesDirectory, layersDirectory } from './layout.ts';
import { isFree, lockPath, lockStore, type WaitOptions } from './lock.ts';
import { type References, referencesOf } from './references.ts';

/*
 * Mark and sweep. Roots are the images of index.json, the results of steps (steps.ts), and what sandboxes, environments of
 * projects and their shims stand on; what they do not lead to goes.
 *
 * Against pulls and builds: they hold the store's lock shared from before their first blob until the image is in the list, and this
 * holds it exclusively. Against starts of sandboxes, which take no lock: a layer is only renamed at first, to where
 * nobody empties anything, and looked at again; a sandbox that was faster has written its spec.json before it mounted
 * anything, and gets its layers back (the mount does not notice); one that was slower finds the layer missing. Against
 * kill -9: every step is one rename(2) or unlink(2) of something that nothing refers to, and what is out of its place is
 * put back first.
 */

export interface CollectOptions extends WaitOptions {
  /** Also what may be wanted again: interrupted downloads however young, all compiled launchers. */
  readonly all: boolean;
  /** Results of steps that were not used for so long, milliseconds, go too, but for those of projects as they were built last. */
  readonly unusedFor?: number;
  /** Also the caches of package managers. */
  readonly caches?: boolean;
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
  /** Caches, in the trash too. */
  readonly caches: readonly string[];
  /** Results of steps, and what was remembered of projects that are gone. */
  readonly steps: number;
  readonly projects: number;
  /** What killed builds left. */
  readonly builds: number;
  /** Images of the list of which blobs are missing. What they need is unknown: no blob and no layer was removed then. */
  readonly damaged: readonly string[];
}

/** An interrupted download is worth going on with for so long. */
const PARTIAL_KEPT_MS = 24 * 3600_000;
const LAUNCHER_KEPT_MS = 30 * 24 * 3600_000;
const ASIDE_KEPT_MS = 3600_000;

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
  const builds = collectBuilds(store, now);
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
  const projects = sweepProjects(store, { now, allCaches: options.caches ?? false });
  const steps = sweepSteps(store, {
    key: options.key,
    unusedSince: options.unusedFor === undefined ? undefined : now - options.unusedFor,
    kept: projects.trees,
    layersDirectory: layersDirectory(store),
  });
  // A step that was run again has another result by now, and what stands on the first one stays.
  const own = `${layersDirectory(store)}/${options.key}/`;
  const standing = [...projects.trees]
    .filter((tree) => tree.startsWith(own))
    .map((tree) => tree.split('/').at(-2) ?? '');
  const wanted = new Set([...marked.layers, ...steps.layers, ...standing]);
  const layers = isKnown ? sweepLayers(store, options.key, wanted) : [];
  settleUnsynced(store);
  return {
    blobs: blobs.result(),
    partials: partials.result(),
    asides: asides.result(),
    launchers: launchers.result(),
    layers,
    work,
    caches: projects.caches,
    steps: steps.removed,
    projects: projects.removed,
    builds,
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
