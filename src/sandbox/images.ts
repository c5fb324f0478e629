import { renameSync } from 'node:fs';
import { basename } from 'node:path';
import type { HostFacts } from '../host/facts.ts';
import { surveyHost } from '../host/survey.ts';
import type { ImageHost } from '../image/host.ts';
import { rootMapping } from '../plan/identity.ts';
import { ensureStore, shelf } from '../store/layout.ts';

/** Gives what images need to know of this host. */
export function imageHost(facts: HostFacts = surveyHost()): ImageHost {
  return {
    store: facts.store,
    ids: rootMapping(facts),
    arch: facts.arch,
    discard: async (path) => await discard(facts, path),
  };
}

async function discard(facts: HostFacts, path: string): Promise<void> {
  try {
    ensureStore(facts.store);
    renameSync(path, `${shelf(facts.store, 'trash')}/${basename(path)}`);
    const { emptyTrash } = await import('./removal.ts');
    emptyTrash(facts);
  } catch {
    // The next garbage collection finds it.
  }
}
