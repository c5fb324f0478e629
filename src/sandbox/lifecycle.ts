import { findGroup, isFrozen } from '../cgroup/find-group.ts';
import { surveyHost } from '../host/survey.ts';
import { StoreError } from '../store/error.ts';
import { moveToTrash } from '../store/garbage.ts';
import { ensureStore } from '../store/layout.ts';
import {
  createdAt,
  listShelf,
  readSpec,
  runningInit,
  type SandboxDirectoryEntry,
  type StoredRootFs,
} from '../store/sandbox-directory.ts';

/** A sandbox as `ps` shows it. */
export interface SandboxInfo {
  readonly id: string;
  /** Kept sandboxes have one, which is their id too. */
  readonly name?: string;
  readonly state: 'running' | 'paused' | 'stopped';
  /** `host`, the directory of `--rootfs`, or the image's name. */
  readonly rootfs: string;
  readonly command: readonly string[];
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Of its init, as the host sees it. */
  readonly pid?: number;
  readonly workspace?: string;
}

/** Lists kept sandboxes, running or not, and the running ones of `run`. */
export async function listSandboxes(): Promise<SandboxInfo[]> {
  const { store } = surveyHost();
  const entries = [...listShelf(store, 'sandboxes'), ...listShelf(store, 'runs')];
  return entries.flatMap((entry) => describe(entry) ?? []).sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** How a root file system is called. */
export function nameOfRoot(rootfs: StoredRootFs): string {
  if (rootfs.kind === 'image') return rootfs.name;
  return rootfs.kind === 'directory' ? rootfs.path : rootfs.kind;
}

function describe({ id, shelf, path }: SandboxDirectoryEntry): SandboxInfo | undefined {
  const spec = readSpec(path);
  const pid = runningInit(path);
  if (!spec || (shelf === 'runs' && pid === undefined)) return undefined;
  try {
    return {
      id,
      ...(shelf === 'sandboxes' ? { name: id } : {}),
      state: stateOf(pid),
      rootfs: nameOfRoot(spec.rootfs),
      command: spec.command,
      created: createdAt(path).toISOString(),
      ...(pid === undefined ? {} : { pid }),
      ...(spec.workspace.path === undefined ? {} : { workspace: spec.workspace.path }),
    };
  } catch {
    return undefined; // removed meanwhile
  }
}

function stateOf(init: number | undefined): SandboxInfo['state'] {
  if (init === undefined) return 'stopped';
  const group = findGroup(init);
  return group !== undefined && isFrozen(group) ? 'paused' : 'running';
}

/**
 * Removes a sandbox with all its changes. Throws a StoreError when there is none of that id, or when it runs and is not
 * to be forced, and a SandboxError when files resist.
 */
export async function removeSandbox(id: string, { force }: { readonly force: boolean }): Promise<void> {
  const facts = surveyHost();
  ensureStore(facts.store);
  const entry = [...listShelf(facts.store, 'sandboxes'), ...listShelf(facts.store, 'runs')].find(
    (known) => known.id === id,
  );
  if (!entry) throw new StoreError('NO_SANDBOX', `there is no sandbox ${id}`, { hint: '`sandbox ps -a` lists them' });
  const pid = runningInit(entry.path);
  if (pid !== undefined) {
    if (!force)
      throw new StoreError('RUNNING', `the sandbox ${id} is running`, {
        hint: `end it with: sandbox rm --force ${id}`,
      });
    await endInit(pid, entry.path);
  }
  // A run removes its own directory at the end of its init.
  if (entry.shelf === 'runs' && pid !== undefined) return;
  // The monitor holds the lock for a moment longer than its init; so does one that found the sandbox open already.
  const attempts = pid === undefined ? FEW_ATTEMPTS : ATTEMPTS;
  if (!(await eventually(attempts, () => moveToTrash(facts.store, entry.path) !== undefined))) {
    throw new StoreError('RUNNING', `the sandbox ${id} is being opened`, { hint: 'try again, or end it first' });
  }
  const { emptyTrash } = await import('./removal.ts');
  emptyTrash(facts);
}

/** Kills init, and with it every process of the sandbox; waits until the kernel has cleared it away. */
async function endInit(pid: number, path: string): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await eventually(ATTEMPTS, () => runningInit(path) === undefined);
}

/** How often to look, a hundredth of a second apart. */
const ATTEMPTS = 500;
const FEW_ATTEMPTS = 50;

async function eventually(attempts: number, holds: () => boolean): Promise<boolean> {
  for (let attempt = 1; !holds(); attempt++) {
    if (attempt >= attempts) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
