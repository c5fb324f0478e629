import { HostError } from '../host/error.ts';
import { removeGeneration, staleGenerations } from '../host/skeleton.ts';
import { listShelf, readSpec, runningInit } from '../store/sandbox-directory.ts';

/**
 * Takes the store and removes the skeletons that the host has outgrown, some 60 MB each, but for those below a sandbox
 * that runs: the kernel leaves undefined what an overlay shows whose lower layer changes.
 */
export function removeStaleSkeletons(store: string): void {
  const running = listShelf(store, 'sandboxes').filter(({ path }) => runningInit(path) !== undefined);
  const inUse = [...running, ...listShelf(store, 'runs')].flatMap(({ path }) => readSpec(path)?.generation ?? []);
  try {
    for (const generation of staleGenerations(store, new Set(inUse))) removeGeneration(store, generation);
  } catch (error) {
    // What resists stays for the next time: it keeps nobody from opening a sandbox.
    if (!(error instanceof HostError)) throw error;
  }
}
