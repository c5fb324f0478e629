import { readFileSync, statSync, utimesSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import { type Digest, digestParts, parseDigest } from './digest.ts';
import { storeFailure } from './error.ts';
import { isSoundLayer, layerName, layerPath } from './layers.ts';
import { writeAside } from './projects.ts';

/*
 * $STORE/steps/LAYERKEY/KEYHEX.json   which layer a step of that key (project/build/recipe.ts) gave under that id mapping.
 *                                     Its mtime says when it was used last, to the day.
 *
 * Written without fsync: what a power cut leaves of it is no JSON, and a record whose layer is gone is none.
 */

/** What is remembered of a step that was built. */
export interface StepRecord {
  /** Of the layer, as uncompressed archive, and the bytes of that. */
  readonly diffId: Digest;
  readonly bytes: number;
  readonly recipe: Digest;
  /** RFC 3339. */
  readonly created: string;
}

/** A record whose layer is there; `tree`: what overlayfs takes. */
export interface StoredStep extends StepRecord {
  readonly tree: string;
}

/** A record is touched at most so often: a start should not write. */
const TOUCHED_EVERY_MS = 24 * 3600_000;

export function stepsDirectory(store: string): string {
  return `${store}/steps`;
}

function recordPath(store: string, layerKey: string, key: Digest): string {
  return `${stepsDirectory(store)}/${layerKey}/${digestParts(key).hex}.json`;
}

/** Reads a record; undefined where it is none, or one of another version. */
export function readStepRecord(path: string): StepRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined;
  if (!('diffId' in value && 'bytes' in value && 'recipe' in value && 'created' in value)) return undefined;
  const { bytes, created } = value;
  const [diffId, recipe] = [parseDigest(value.diffId), parseDigest(value.recipe)];
  if (diffId === undefined || recipe === undefined) return undefined;
  return typeof bytes === 'number' && typeof created === 'string' ? { diffId, bytes, recipe, created } : undefined;
}

/** Gives what a step of that key gave, if its layer is there, and notes that it is used. `layerKey`: of layers.ts. */
export function findStep(store: string, layerKey: string, key: Digest, now = Date.now()): StoredStep | undefined {
  const path = recordPath(store, layerKey, key);
  const record = readStepRecord(path);
  if (record === undefined) return undefined;
  const layer = layerPath(store, layerKey, layerName({ diffId: record.diffId }));
  if (!isSoundLayer(layer)) return undefined;
  touch(path, now);
  return { ...record, tree: `${layer}/tree` };
}

function touch(path: string, now: number): void {
  try {
    if (now - statSync(path).mtimeMs > TOUCHED_EVERY_MS) utimesSync(path, now / 1000, now / 1000);
  } catch {
    // Collected at this moment, or a store that is read-only: the layer is there all the same.
  }
}

/**
 * Remembers what a step gave. The layer is in its place, and the caller keeps the store locked (`shared`) since before it was.
 * Throws a StoreError.
 */
export function recordStep(store: string, layerKey: string, key: Digest, record: StepRecord): void {
  const path = recordPath(store, layerKey, key);
  try {
    makeDirectory(path.slice(0, path.lastIndexOf('/')));
    writeAside(path, JSON.stringify({ version: 1, ...record }));
  } catch (cause) {
    throw storeFailure('the result of a step cannot be remembered', path, cause);
  }
}
