import { readFileSync, statSync } from 'node:fs';
import { type Digest, parseDigest } from './digest.ts';
import { errnoOf } from './error.ts';
import { listShelf, type SandboxDirectoryEntry } from './sandbox-directory.ts';

/** What the sandboxes of a store stand on. */
export interface InUse {
  /** With the sandboxes, by id, that were made from the image of that manifest. */
  readonly manifests: ReadonlyMap<Digest, readonly string[]>;
  /** Absolute paths of tree/ directories. */
  readonly layers: ReadonlySet<string>;
  /** Sandboxes that do not say yet what they stand on: they are being made at this moment. */
  readonly unknown: readonly string[];
}

/** How long a sandbox that is being made may be without its spec.json. */
const YOUNG_MS = 60_000;

interface Foundation {
  readonly manifest?: Digest;
  readonly layers: readonly string[];
}

/** What a sandbox stands on: of spec.json, `rootfs`. Undefined where there is none that can be read. */
function foundationOf({ path }: SandboxDirectoryEntry): Foundation | 'nothing' | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(`${path}/spec.json`, 'utf8'));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return undefined;
    const made = statSync(path, { throwIfNoEntry: false });
    // What never came so far as to say what it is stands on nothing.
    return made === undefined || Date.now() - made.ctimeMs > YOUNG_MS ? 'nothing' : undefined;
  }
  if (typeof value !== 'object' || value === null || !('rootfs' in value)) return undefined;
  const { rootfs } = value;
  if (typeof rootfs !== 'object' || rootfs === null || !('kind' in rootfs)) return undefined;
  // Whatever kind names layers uses them.
  const listed: readonly unknown[] = 'layers' in rootfs && Array.isArray(rootfs.layers) ? rootfs.layers : [];
  const layers = listed.filter((layer): layer is string => typeof layer === 'string');
  const manifest = 'manifest' in rootfs ? parseDigest(rootfs.manifest) : undefined;
  return { layers, ...(manifest === undefined ? {} : { manifest }) };
}

/**
 * Gives the images and layers that sandboxes stand on: those that are kept, and those of commands that run. A run whose
 * command has ended counts until its directory is collected.
 */
export function inUse(store: string): InUse {
  const manifests = new Map<Digest, string[]>();
  const layers = new Set<string>();
  const unknown: string[] = [];
  for (const entry of [...listShelf(store, 'sandboxes'), ...listShelf(store, 'runs'), ...listShelf(store, 'builds')]) {
    const foundation = foundationOf(entry);
    if (foundation === 'nothing') continue;
    if (foundation === undefined) {
      unknown.push(entry.id);
      continue;
    }
    for (const layer of foundation.layers) layers.add(layer);
    if (foundation.manifest === undefined) continue;
    const users = manifests.get(foundation.manifest);
    if (users === undefined) manifests.set(foundation.manifest, [entry.id]);
    else users.push(entry.id);
  }
  return { manifests, layers, unknown };
}
