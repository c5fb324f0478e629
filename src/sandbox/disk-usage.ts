import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { surveyHost } from '../host/survey.ts';
import { blobPath } from '../store/blobs.ts';
import { layerPaths } from '../store/collect/layers.ts';
import { stepLayers } from '../store/collect/steps.ts';
import type { DiskUse } from '../store/disk-use.ts';
import { readIndex } from '../store/images.ts';
import { type InUse, inUse } from '../store/in-use.ts';
import { imagesDirectory, layersDirectory } from '../store/layout.ts';
import { referencesOf } from '../store/references.ts';
import { listShelf, runningInit } from '../store/sandbox-directory.ts';
import { measureInside } from './measure.ts';

/** One line of `df`. Bytes are those on the disk. */
export interface DiskUsage {
  readonly type: 'images' | 'layers' | 'steps' | 'sandboxes' | 'package caches' | 'cache';
  readonly total: number;
  /** Images and layers that sandboxes stand on; sandboxes that run. */
  readonly active: number;
  readonly bytes: number;
  /** Of what is not active. */
  readonly reclaimable: number;
}

interface Measured {
  readonly path: string;
  readonly bytes: number;
}

/** Gives what the parts of the store take on the disk, every hard link once. Throws a StoreError for a damaged list of images. */
export function diskUsage(facts: HostFacts = surveyHost()): DiskUsage[] {
  const { store } = facts;
  const used = inUse(store);
  const layers = layerPaths(store);
  const known = new Map(layers.map((path) => [path, recordedUse(path)]));
  const runs = listShelf(store, 'runs').map(({ path }) => path);
  const running = (path: string): boolean => runningInit(path) !== undefined;
  const sandboxes = [...listShelf(store, 'sandboxes').map(({ path }) => path), ...runs.filter(running)];
  const cache = cachePaths(
    store,
    runs.filter((path) => !running(path)),
  );
  const unknown = layers.filter((path) => known.get(path) === undefined);
  // One helper for all, so that a file with links in several places counts once.
  const packages = packageCaches(store);
  const wanted = [...sandboxes, ...cache, ...packages, ...unknown];
  const { uses, isWhole } = measureInside(facts, wanted);
  const measured = new Map(wanted.map((path, at) => [path, uses[at] ?? { bytes: 0, files: 0 }]));
  if (isWhole) for (const path of unknown) recordUse(path, measured.get(path));
  const of = (paths: readonly string[]): Measured[] =>
    paths.map((path) => ({ path, bytes: (known.get(path) ?? measured.get(path))?.bytes ?? 0 }));
  const results = stepLayers(store);
  const isOfStep = (path: string): boolean => results.has(path.slice(path.lastIndexOf('/') + 1));
  const isUsed = (path: string): boolean => used.layers.has(`${path}/tree`);
  return [
    imagesRow(store, used),
    row('layers', of(layers.filter((path) => !isOfStep(path))), isUsed),
    row('steps', of(layers.filter(isOfStep)), isUsed),
    row('sandboxes', of(sandboxes), running),
    row('package caches', of(packages), () => false),
    row('cache', of(cache), (path) => path.startsWith(`${store}/host/`)),
  ];
}

function row(type: DiskUsage['type'], all: readonly Measured[], isActive: (path: string) => boolean): DiskUsage {
  const idle = all.filter(({ path }) => !isActive(path));
  return {
    type,
    total: all.length,
    active: all.length - idle.length,
    bytes: sum(all),
    reclaimable: sum(idle),
  };
}

function sum(all: readonly Measured[]): number {
  return all.reduce((total, { bytes }) => total + bytes, 0);
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function imagesRow(store: string, used: InUse): DiskUsage {
  // One that lost its name while a sandbox stands on it is still there.
  const listed = readIndex(store).entries.map(({ image }) => image.manifest.digest);
  const manifests = new Set([...listed, ...used.manifests.keys()]);
  const needed = new Set(
    [...used.manifests.keys()]
      .flatMap((digest) => referencesOf(store, digest).blobs)
      .map((blob) => blobPath(store, blob)),
  );
  const directory = `${imagesDirectory(store)}/blobs`;
  const blobs = names(directory)
    .flatMap((algorithm) => names(`${directory}/${algorithm}`).map((hex) => `${directory}/${algorithm}/${hex}`))
    .map((path) => ({ path, bytes: (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512 }));
  return {
    ...row('images', blobs, (path) => needed.has(path)),
    total: manifests.size,
    active: [...manifests].filter((digest) => used.manifests.has(digest)).length,
  };
}

/** Of package managers, an entry each: shared ones, and those of projects. */
function packageCaches(store: string): string[] {
  const parent = `${store}/caches`;
  return names(parent).flatMap((owner) =>
    names(`${parent}/${owner}`)
      .filter((name) => !name.endsWith('.lock'))
      .map((name) => `${parent}/${owner}/${name}`),
  );
}

/** Interrupted downloads, unpacking that is not finished, ended runs, launchers, skeletons of the host, the trash. */
function cachePaths(store: string, endedRuns: readonly string[]): string[] {
  const directories = [
    `${imagesDirectory(store)}/partial`,
    `${layersDirectory(store)}/.work`,
    `${store}/launchers`,
    `${store}/host`,
    `${store}/trash`,
  ];
  return [...directories.flatMap((path) => names(path).map((name) => `${path}/${name}`)), ...endedRuns];
}

const RECORD = 'disk.json';

/** A layer never changes: it is measured once. */
function recordedUse(layer: string): DiskUse | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(`${layer}/${RECORD}`, 'utf8'));
    if (typeof value !== 'object' || value === null || !('bytes' in value) || !('files' in value)) return undefined;
    const { bytes, files } = value;
    return typeof bytes === 'number' && typeof files === 'number' ? { bytes, files } : undefined;
  } catch {
    return undefined;
  }
}

/** Written in place: a half is no JSON, and measured anew. */
function recordUse(layer: string, use: DiskUse | undefined): void {
  if (use === undefined) return;
  try {
    writeFileSync(`${layer}/${RECORD}`, `${JSON.stringify(use)}\n`, { mode: 0o600 });
  } catch {
    // A store that cannot be written is measured each time.
  }
}
