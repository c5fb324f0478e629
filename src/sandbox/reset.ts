import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { surveyHost } from '../host/survey.ts';
import { errnoOf, storeFailure } from '../store/error.ts';
import { ensureStore, shelf } from '../store/layout.ts';
import { lockStore, type WaitOptions } from '../store/lock.ts';
import { listSandboxes, removeSandbox } from './lifecycle.ts';
import { emptyTrash } from './removal.ts';

/** Gives what `reset` would remove: undefined where there is no store. */
export async function storeContent(): Promise<{ readonly store: string; readonly running: number } | undefined> {
  const { store } = surveyHost();
  try {
    if (readdirSync(store).length === 0) return undefined;
  } catch {
    return undefined;
  }
  return { store, running: (await listSandboxes()).filter(({ state }) => state !== 'stopped').length };
}

/**
 * Removes the store with everything in it, and ends what runs in its sandboxes; waits until nobody pulls or loads.
 * Whatever instant it is killed at, what is left is in the trash, and the next one removes it.
 * Throws a StoreError, and a SandboxError when files resist.
 */
export async function resetStore(options: WaitOptions): Promise<void> {
  const facts = surveyHost();
  const { store } = facts;
  ensureStore(store);
  for (const { id } of await listSandboxes()) await removeSandbox(id, { force: true });
  const lock = await lockStore(store, 'exclusive', options);
  try {
    const trash = shelf(store, 'trash');
    for (const name of readdirSync(store)) {
      if (name === 'trash' || name === 'lock') continue;
      renameSync(`${store}/${name}`, `${trash}/${randomBytes(8).toString('hex')}`);
    }
    emptyTrash(facts);
    rmdirSync(trash);
    rmSync(`${store}/lock`, { force: true });
    rmdirSync(store);
  } catch (cause) {
    // A sandbox that is started at this moment begins a new store.
    if (errnoOf(cause) !== 'ENOTEMPTY') throw storeFailure('the store cannot be removed', store, cause);
  } finally {
    lock.release();
  }
}
