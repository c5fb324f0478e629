import { type Digest, digestParts } from './digest.ts';
import { StoreError } from './error.ts';
import type { IndexEntry } from './image-index.ts';
import { changeIndex } from './images.ts';
import { type InUse, inUse } from './in-use.ts';
import { referencesOf } from './references.ts';

/** What was taken from the list of images. What nothing refers to any more is freed by `collect`. */
export interface RemovedImage {
  /** Full names. */
  readonly untagged: readonly string[];
  /** The manifest of an image that is in the list no more. */
  readonly deleted?: Digest;
}

/** Shorter beginnings of an id are more likely a slip than meant. */
const SHORTEST_ID = 4;

/**
 * Removes an image: by its full name the name, and the image with its last one; by its id (the manifest's digest or its
 * config's, with or without `sha256:`, or the beginning of one) the image with all its names.
 *
 * Throws a StoreError: NO_IMAGE; AMBIGUOUS for a beginning that several share; IN_USE where a sandbox stands on it, or
 * where an id has several names, unless `force` is set: then it leaves the list, and its layers stay as long as they are
 * in use.
 */
export async function removeImage(
  store: string,
  nameOrId: string,
  { force }: { readonly force: boolean },
): Promise<RemovedImage> {
  let removed: RemovedImage = { untagged: [] };
  await changeIndex(store, (entries) => {
    const byName = entries.filter(({ image }) => image.name === nameOrId);
    const meant = byName.length > 0 ? byName : entriesById(store, entries, nameOrId);
    const kept = entries.filter((entry) => !meant.includes(entry));
    const untagged = meant.flatMap(({ image }) => image.name ?? []);
    const digest = meant[0]?.image.manifest.digest;
    const isLast = digest !== undefined && !kept.some(({ image }) => image.manifest.digest === digest);
    if (!force) {
      refuseSeveralNames(nameOrId, byName, untagged);
      if (isLast) refuseInUse(nameOrId, digest, inUse(store));
    }
    removed = { untagged, ...(isLast ? { deleted: digest } : {}) };
    return kept;
  });
  return removed;
}

function entriesById(store: string, entries: readonly IndexEntry[], id: string): readonly IndexEntry[] {
  const beginning = id.replace(/^sha(?:256|512):/, '');
  const found =
    beginning.length < SHORTEST_ID || !/^[0-9a-f]+$/.test(beginning)
      ? []
      : entries.filter(({ image }) => idsOf(store, image.manifest.digest).some((hex) => hex.startsWith(beginning)));
  const digests = new Set(found.map(({ image }) => image.manifest.digest));
  if (digests.size > 1) {
    throw new StoreError('AMBIGUOUS', `${id} is the beginning of ${digests.size} images' ids`, {
      hint: 'type more of it: `sandbox image ls --no-trunc` shows all of it',
    });
  }
  if (digests.size === 1) return found;
  throw new StoreError('NO_IMAGE', `there is no image ${id}`, { hint: '`sandbox image ls` lists them' });
}

/** What people know an image by: the digest of its manifest, and that of its config, as other tools show it. */
function idsOf(store: string, manifest: Digest): string[] {
  const [, config] = referencesOf(store, manifest).blobs;
  return [manifest, ...(config === undefined ? [] : [config])].map((digest) => digestParts(digest).hex);
}

function refuseSeveralNames(id: string, byName: readonly IndexEntry[], names: readonly string[]): void {
  if (byName.length > 0 || names.length < 2) return;
  throw new StoreError('IN_USE', `the image ${id} has several names: ${names.join(', ')}`, {
    hint: 'remove a name, or the image with all of them: --force',
  });
}

function refuseInUse(name: string, digest: Digest, { manifests, unknown }: InUse): void {
  const users = manifests.get(digest) ?? [];
  if (users.length > 0) {
    throw new StoreError('IN_USE', `the image ${name} is in use by ${listed(users)}`, {
      hint: `remove ${users.length === 1 ? 'it' : 'them'} first: sandbox rm ${users.join(' ')}\nor remove the name alone, and the layers later: --force`,
    });
  }
  if (unknown.length > 0) {
    throw new StoreError('IN_USE', `the image ${name} may be in use by ${listed(unknown)}, which does not say`, {
      hint: 'it may be starting at this moment: try again',
    });
  }
}

function listed(ids: readonly string[]): string {
  return `the sandbox${ids.length === 1 ? '' : 'es'} ${ids.join(', ')}`;
}

/**
 * Removes images from the list: those without a name, or with `all` every one; those that sandboxes stand on stay.
 * Throws a StoreError.
 */
export async function pruneImages(store: string, { all }: { readonly all: boolean }): Promise<RemovedImage[]> {
  const removed = new Map<Digest, string[]>();
  await changeIndex(store, (entries) => {
    const { manifests, unknown } = inUse(store);
    // One that is just being started may stand on any of them.
    const goes = ({ image }: IndexEntry): boolean =>
      !manifests.has(image.manifest.digest) && (image.name === undefined || (all && unknown.length === 0));
    for (const { image } of entries.filter(goes)) {
      const names = removed.get(image.manifest.digest) ?? [];
      removed.set(image.manifest.digest, [...names, ...(image.name === undefined ? [] : [image.name])]);
    }
    return removed.size === 0 ? undefined : entries.filter((entry) => !goes(entry));
  });
  return [...removed].map(([deleted, untagged]) => ({ untagged, deleted }));
}
