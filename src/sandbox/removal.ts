import { rmSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { compileLauncher } from '../launch/compile.ts';
import { runLauncher } from '../launch/run.ts';
import { rootMapping } from '../plan/identity.ts';
import { collectGarbage } from '../store/garbage.ts';
import { listShelf, type SandboxDirectoryEntry } from '../store/sandbox-directory.ts';
import { SandboxError } from './error.ts';

/** Removes what killed monitors left; what resists stays in the trash for the next time. */
export function removeGarbage(facts: HostFacts, candidates: readonly SandboxDirectoryEntry[]): void {
  for (const path of collectGarbage(facts.store, candidates)) removeTree(facts, path);
}

/** Empties the trash. Throws a SandboxError that names what could not be removed. */
export function emptyTrash(facts: HostFacts): void {
  const left = listShelf(facts.store, 'trash').filter(({ path }) => !removeTree(facts, path));
  const [first] = left;
  if (!first) return;
  throw new SandboxError('REMOVAL', `${first.path} cannot be removed`, {
    hint: 'its files may belong to subordinate ids that are no longer yours: see /etc/subuid',
  });
}

/** Removes a tree whose files may belong to subordinate ids: from inside a user namespace that maps them. */
function removeTree(facts: HostFacts, path: string): boolean {
  const launcher = compileLauncher(
    [
      { op: 'createNamespaces', namespaces: ['user'], ids: rootMapping(facts) },
      { op: 'dieWithMonitor' },
      { op: 'removeTree', path },
      { op: 'finish' },
    ],
    { arch: facts.arch },
  );
  if (runLauncher(launcher.elf(), facts.store).status === 0) return true;
  try {
    // Where no namespace can be made, what is the user's own can be removed all the same.
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
