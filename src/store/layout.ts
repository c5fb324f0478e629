import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './error.ts';

/*
 * $STORE/sandboxes/NAME/   a sandbox that is kept
 * $STORE/runs/ID/          one that is gone with its command
 * $STORE/runs/.gate        held shared while one is made, exclusively while garbage is looked for
 * $STORE/trash/…           on its way out
 *
 * Of each: spec.json (what it is), lock (held by its monitor and init), pid (its init), root/ (mount point), upper/ and
 * work/ (changes), files/ (generated ones), tmp/ (/var/tmp).
 */

export type Shelf = 'sandboxes' | 'runs' | 'trash';

/** Gives the path of a shelf of the store. */
export function shelf(store: string, name: Shelf): string {
  return `${store}/${name}`;
}

/** Makes the store's directories. Throws a StoreError where the home is read-only, full or missing. */
export function ensureStore(store: string): void {
  try {
    for (const name of ['sandboxes', 'runs', 'trash'] as const)
      mkdirSync(shelf(store, name), { recursive: true, mode: 0o700 });
  } catch (error) {
    const cause = refusal(store, error);
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new StoreError('STORE', `the store ${store} cannot be made: ${code}`, {
      hint: 'set XDG_DATA_HOME to a directory that you may write to',
      cause,
    });
  }
}

/** Node's `recursive` says ENOENT where the file system is read-only: asked for one directory, the kernel tells. */
function refusal(store: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') return error;
  let missing = `${store}/runs`;
  while (!existsSync(dirname(missing))) missing = dirname(missing);
  try {
    mkdirSync(missing, { mode: 0o700 });
  } catch (cause) {
    return cause;
  }
  return error;
}
