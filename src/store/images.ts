import { readFileSync } from 'node:fs';
import { errnoOf, storeFailure } from './error.ts';
import {
  type DanglingImage,
  EMPTY_INDEX,
  formatIndex,
  type IndexEntry,
  type IndexFile,
  indexEntry,
  parseIndex,
  type StoredImage,
} from './image-index.ts';
import { imagesDirectory } from './layout.ts';

export type { DanglingImage, StoredImage };

function indexPath(store: string): string {
  return `${imagesDirectory(store)}/index.json`;
}

/** Reads index.json; a missing one has no images. Throws a StoreError where it is damaged or of an unknown version. */
export function readIndex(store: string): IndexFile {
  const path = indexPath(store);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return EMPTY_INDEX;
    throw storeFailure('the list of images cannot be read', path, cause);
  }
  return parseIndex(text, path);
}

function named(image: IndexEntry['image']): image is StoredImage {
  return image.name !== undefined;
}

/** Gives the images that have a name. Throws a StoreError. */
export function readImages(store: string): StoredImage[] {
  return readIndex(store)
    .entries.map(({ image }) => image)
    .filter(named);
}

/** Gives the images whose name went over to another; they stay until `image prune`. Throws a StoreError. */
export function readDanglingImages(store: string): DanglingImage[] {
  return readIndex(store)
    .entries.map(({ image }) => image)
    .filter((image) => !named(image));
}

/**
 * Changes index.json while no other process does, so that a reader sees the old or the new one at any instant.
 * `change` gives the entries that are to be there; undefined: nothing changes. Throws a StoreError.
 */
export async function changeIndex(
  store: string,
  change: (entries: readonly IndexEntry[]) => readonly IndexEntry[] | undefined,
): Promise<void> {
  const [{ lockPath }, { replaceFile }, { ensureImageStore }] = await Promise.all([
    import('./lock.ts'),
    import('./aside.ts'),
    import('./layout.ts'),
  ]);
  ensureImageStore(store);
  const lock = await lockPath(`${imagesDirectory(store)}/.lock`, 'exclusive', 'the list of images');
  const path = indexPath(store);
  try {
    const index = readIndex(store);
    const entries = change(index.entries);
    if (entries === undefined) return;
    ensureLayoutFile(store, replaceFile);
    replaceFile(path, Buffer.from(formatIndex({ ...index, entries })));
  } catch (cause) {
    throw storeFailure('the list of images cannot be written', path, cause);
  } finally {
    lock.release();
  }
}

/** The file that makes the directory an image layout for other programs: OCI image spec, image-layout.md. */
function ensureLayoutFile(store: string, replace: (path: string, bytes: Uint8Array) => void): void {
  const path = `${imagesDirectory(store)}/oci-layout`;
  const content = '{"imageLayoutVersion":"1.0.0"}\n';
  try {
    if (readFileSync(path, 'utf8') !== '') return;
  } catch {
    // Missing: the first image.
  }
  replace(path, Buffer.from(content));
}

/**
 * Gives an image its name. An image that had the name before stays without one, as `<none>`, unless it has others.
 * Its blobs and layers must be in the store, which the caller keeps locked (`shared`). Throws a StoreError.
 */
export async function setImage(store: string, image: StoredImage): Promise<void> {
  await changeIndex(store, (entries) => {
    const { digest } = image.manifest;
    const others = entries.filter((entry) => entry.image.name !== image.name);
    const before = entries.filter((entry) => entry.image.name === image.name);
    const same = before.find((entry) => entry.image.manifest.digest === digest);
    // Names of the same image make an entry without one superfluous.
    const kept = others.filter(({ image: { name, manifest } }) => name !== undefined || manifest.digest !== digest);
    return [...kept, ...withoutName(before, kept, digest), indexEntry(image, same?.raw)];
  });
}

/** Adds an image that has no name, unless it is in the list under one; otherwise as setImage. */
export async function addUnnamedImage(
  store: string,
  { manifest, platform, pulled, index }: DanglingImage,
): Promise<void> {
  await changeIndex(store, (entries) =>
    entries.some(({ image }) => image.manifest.digest === manifest.digest)
      ? undefined
      : [...entries, indexEntry({ manifest, platform, pulled, ...(index === undefined ? {} : { index }) })],
  );
}

/**
 * Takes names away, all at once; gives those that were there. An image that loses its last one leaves the list, or stays
 * in it without a name where `keep` is set. Throws a StoreError.
 */
export async function removeImageNames(
  store: string,
  names: readonly string[],
  { keep = false }: { readonly keep?: boolean } = {},
): Promise<string[]> {
  const removed: string[] = [];
  await changeIndex(store, (entries) => {
    const isMeant = ({ image }: IndexEntry): boolean => image.name !== undefined && names.includes(image.name);
    const taken = entries.filter(isMeant);
    if (taken.length === 0) return undefined;
    removed.push(...taken.flatMap(({ image }) => image.name ?? []));
    const kept = entries.filter((entry) => !isMeant(entry));
    return keep ? [...kept, ...withoutName(taken, kept)] : kept;
  });
  return removed;
}

/** Those of `taken` that no entry of `kept` names, each once, without their name. */
function withoutName(taken: readonly IndexEntry[], kept: readonly IndexEntry[], except?: string): IndexEntry[] {
  const seen = new Set<string>(kept.map(({ image }) => image.manifest.digest));
  if (except !== undefined) seen.add(except);
  return taken.flatMap(({ image, raw }) => {
    if (seen.has(image.manifest.digest)) return [];
    seen.add(image.manifest.digest);
    const { name: _, ...nameless } = image;
    return [indexEntry(nameless, raw)];
  });
}
