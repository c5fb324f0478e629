import type { HostFacts } from '../host/facts.ts';
import { staleGenerations } from '../host/skeleton.ts';
import { surveyHost } from '../host/survey.ts';
import { rootMapping } from '../plan/identity.ts';
import { type Collected, collect } from '../store/collect.ts';
import { collectGarbage } from '../store/garbage.ts';
import { layerKey } from '../store/layers.ts';
import { ensureImageStore } from '../store/layout.ts';
import type { WaitOptions } from '../store/lock.ts';
import { listShelf } from '../store/sandbox-directory.ts';
import { suspects } from '../store/suspects.ts';
import { measureInside } from './measure.ts';
import { emptyTrash } from './removal.ts';
import { removeStaleSkeletons } from './skeletons.ts';

export interface GarbageOptions extends WaitOptions {
  /** Also what may be wanted again: interrupted downloads however young, all compiled launchers. */
  readonly all: boolean;
  /** Results of steps that were not used for so long, milliseconds: CollectOptions. */
  readonly unusedFor?: number;
  /** Also the caches of package managers. */
  readonly caches?: boolean;
}

export interface Freed {
  readonly collected: Collected;
  /** Of everything, on the disk. */
  readonly bytes: number;
}

/**
 * Removes what nothing in the store refers to: directories of ended runs, blobs, layers, interrupted downloads, old
 * launchers and skeletons, and what killed processes left. Waits until nobody pulls or loads.
 * Throws a StoreError, and a SandboxError when files resist.
 */
export async function collectAll(options: GarbageOptions, facts: HostFacts = surveyHost()): Promise<Freed> {
  const { store } = facts;
  ensureImageStore(store);
  collectGarbage(store, suspects(store));
  const collected = await collect(store, { ...options, key: layerKey(rootMapping(facts)) });
  const before = skeletonUse(facts);
  removeStaleSkeletons(store);
  const stale = before - skeletonUse(facts);
  const trash = diskUse(
    facts,
    listShelf(store, 'trash').map(({ path }) => path),
  );
  emptyTrash(facts);
  const { blobs, partials, asides, launchers } = collected;
  const files = [blobs, partials, asides, launchers].reduce((sum, { bytes }) => sum + bytes, 0);
  return { collected, bytes: files + trash + stale };
}

/** Of skeletons that may be out of date; measuring those that stay would only take time. */
function skeletonUse(facts: HostFacts): number {
  return staleGenerations(facts.store, new Set()).reduce(
    (sum, name) => sum + diskUse(facts, [`${facts.store}/host/${name}`]),
    0,
  );
}

function diskUse(facts: HostFacts, paths: readonly string[]): number {
  return measureInside(facts, paths).uses.reduce((sum, { bytes }) => sum + bytes, 0);
}
