import { removeAbandoned } from '../host/aside.ts';
import { removeGeneration, staleGenerations } from '../host/skeleton.ts';
import { listShelf, readSpec, runningInit } from '../store/sandbox-directory.ts';

/** Removes the skeletons that no sandbox stands on any more: each holds a directory for every one of the host's. */
export function removeStaleSkeletons(store: string): void {
  const inUse = new Set<string>();
  for (const { path } of [...listShelf(store, 'runs'), ...listShelf(store, 'sandboxes')]) {
    const generation = readSpec(path)?.generation;
    // One that is just being started has no init yet, and one that is ending has none any more: their runs still count.
    const isOpen = runningInit(path) !== undefined || path.includes('/runs/');
    if (generation !== undefined && isOpen) inUse.add(generation);
  }
  for (const generation of staleGenerations(store, inUse)) removeGeneration(store, generation);
  removeAbandoned(store);
}
