import { makeDirectory } from '../linux/make-directory.ts';
import { StoreError } from './error.ts';

/*
 * $STORE/sandboxes/NAME/   a sandbox that is kept
 * $STORE/runs/ID/          one that is gone with its command
 * $STORE/runs/.gate        held shared while one is made, exclusively while garbage is looked for
 * $STORE/trash/…           on its way out
 * $STORE/host/…            skeletons of the host image (host/skeleton.ts)
 * $STORE/launchers/…       compiled launchers (launchers.ts)
 * $STORE/probe.json        what was tried on this kernel (host/overlay-probe.ts)
 *
 * Of each sandbox: spec.json (what it is), lock (held by its monitor and init), pid (its init), guests (held by those who
 * joined), root/ (mount point), upper…/ and work…/ (changes; of a directory of the host, its path with %2F for /), tmp/
 * (/var/tmp), and the generated hosts, hostname and resolv.conf.
 */

export type Shelf = 'sandboxes' | 'runs' | 'trash';

/** Gives the path of a shelf of the store. */
export function shelf(store: string, name: Shelf): string {
  return `${store}/${name}`;
}

/** Makes the store's directories. Throws a StoreError where the home is read-only, full or missing. */
export function ensureStore(store: string): void {
  try {
    for (const name of ['sandboxes', 'runs', 'trash'] as const) makeDirectory(shelf(store, name));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new StoreError('STORE', `the store ${store} cannot be made: ${code}`, {
      hint: 'set XDG_DATA_HOME to a directory that you may write to',
    });
  }
}
