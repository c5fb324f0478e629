import { makeDirectory } from '../linux/make-directory.ts';
import { StoreError, storeFailure } from './error.ts';

/*
 * $STORE/sandboxes/NAME/   a sandbox that is kept
 * $STORE/runs/ID/          one that is gone with its command
 * $STORE/runs/.gate        held shared while one is made, exclusively while garbage is looked for
 * $STORE/builds/ID/         one in which a step of a project is run; its changes become a layer
 * $STORE/trash/…           on its way out
 * $STORE/projects/ID/…     what is remembered of projects (projects.ts)
 * $STORE/steps/…           results of steps (steps.ts)
 * $STORE/caches/…          directories that outlive sandboxes: package managers' downloads
 * $STORE/host/…            skeletons of the host image (host/skeleton.ts)
 * $STORE/launchers/…       compiled launchers (launchers.ts)
 * $STORE/probe.json        what was tried on this kernel (host/overlay-probe.ts)
 * $STORE/lock              held shared by who adds to the images (pull, load), exclusively by who removes from them (lock.ts)
 *
 * $STORE/images/           an OCI image layout (OCI image spec, image-layout.md):
 *   oci-layout             its version
 *   index.json             the images; annotation org.opencontainers.image.ref.name: the full name (image-index.ts)
 *   .lock                  held exclusively while index.json is changed
 *   blobs/ALG/HEX          manifests, configs, compressed layers, indexes; verified, read-only, never changed
 *   partial/ALG-HEX        a download in progress, appended to, and locked by who downloads (partials.ts)
 *   partial/….tmp          a blob that is being written in one go
 *
 * $STORE/layers/KEY/HEX/   an unpacked layer, complete and never changed (layers.ts, layer-work.ts): tree/ (its files, in
 *                          the form of overlayfs), layer.json, `unsynced` as long as a power cut could damage it.
 *                          KEY: the id mapping it was unpacked with; HEX: of its diff id or, when what it is depends on
 *                          the layers below it, chain- and that of its chain id; placed- and a hash: what the shims of an
 *                          environment would make at each start (sandbox/placed-layer.ts), without layer.json
 * $STORE/layers/.work/…    one being unpacked: tree/, and `lock`, held by who does; `leaving:KEY:NAME`: see collect.ts
 *
 * Of each sandbox: spec.json (what it is), lock (held by its monitor and init), pid (its init), guests (held by those who
 * joined), root/ (mount point), upper…/ and work…/ (changes; of a directory of the host, its path with %2F for /), tmp/
 * (/var/tmp), and the generated hosts, hostname and resolv.conf.
 */

export type Shelf = 'sandboxes' | 'runs' | 'builds' | 'trash';

/** Gives the path of a shelf of the store. */
export function shelf(store: string, name: Shelf): string {
  return `${store}/${name}`;
}

/** Gives the path of the OCI image layout. */
export function imagesDirectory(store: string): string {
  return `${store}/images`;
}

/** Gives the path of the unpacked layers. */
export function layersDirectory(store: string): string {
  return `${store}/layers`;
}

/** Makes the directories for images. Throws a StoreError where the home is read-only, full or missing. */
export function ensureImageStore(store: string): void {
  ensureStore(store);
  const directories = [
    `${imagesDirectory(store)}/blobs/sha256`,
    `${imagesDirectory(store)}/partial`,
    `${layersDirectory(store)}/.work`,
  ];
  for (const path of directories) {
    try {
      makeDirectory(path);
    } catch (cause) {
      throw storeFailure('the store cannot be made', path, cause);
    }
  }
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
