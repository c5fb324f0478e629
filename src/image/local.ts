import { hasBlob, readBlob } from '../store/blobs.ts';
import { chainIds, type Digest } from '../store/digest.ts';
import { readImages, type StoredImage } from '../store/images.ts';
import { findLayer } from '../store/layers.ts';
import { ImageError } from './error.ts';
import { parseImageConfig } from './image-config.ts';
import { parseManifest } from './manifest.ts';
import type { ImageConfig, ImageManifest, Platform, Reference } from './model.ts';
import { formatReference } from './reference.ts';

/** An image that can be run at once. */
export interface LocalImage {
  /** `docker.io/library/debian:latest`. */
  readonly name: string;
  readonly manifest: Digest;
  readonly config: ImageConfig;
  /** The unpacked layers' trees, uppermost first. */
  readonly layers: readonly string[];
}

/** Gives the image of the store that a reference means, undefined where there is none for this platform. */
export function findStored(store: string, reference: Reference, platform: Platform): StoredImage | undefined {
  return readImages(store).find((image) => means(reference, image) && fits(image.platform, platform));
}

/**
 * Gives an image that is complete: in the store's index, with every layer unpacked under `layerKey`'s id mapping. Reads three
 * small files, and looks at each layer; nothing is verified again. Throws an ImageError or a StoreError where a file of the
 * store is damaged.
 */
export function findImage(
  store: string,
  reference: Reference,
  { platform, layerKey }: { readonly platform: Platform; readonly layerKey: string },
): LocalImage | undefined {
  const stored = findStored(store, reference, platform);
  return stored && openStored(store, stored, layerKey);
}

/** The same for an entry of the index. */
export function openStored(store: string, stored: StoredImage, layerKey: string): LocalImage | undefined {
  if (!hasBlob(store, stored.manifest)) return undefined;
  const { manifest, config } = readContent(store, stored.manifest.digest, stored.manifest.mediaType);
  const layers = findTrees(store, layerKey, config.diffIds);
  if (layers === undefined || manifest.layers.length !== config.diffIds.length) return undefined;
  return { name: stored.name, manifest: stored.manifest.digest, config, layers };
}

/**
 * Reads the manifest of that digest and the config that it names; `mediaType`: whatever the document calls itself, if left
 * out. Throws an ImageError or a StoreError where one of them is missing or damaged.
 */
export function readContent(
  store: string,
  digest: Digest,
  mediaType = '',
): { readonly manifest: ImageManifest; readonly config: ImageConfig } {
  const manifest = parseManifest(readBlob(store, digest), mediaType);
  if (manifest.kind === 'index') throw new ImageError('CORRUPT', `${digest} is an index, and no image`);
  return { manifest, config: parseImageConfig(readBlob(store, manifest.config.digest)) };
}

/**
 * Gives the trees of all layers, uppermost first, undefined unless every one is there. A layer that occurs twice counts where
 * it is uppermost: it says the same below, and the kernel refuses an overlay with one directory twice (ELOOP).
 */
export function findTrees(store: string, layerKey: string, diffIds: readonly Digest[]): string[] | undefined {
  let chain: readonly Digest[] | undefined;
  const trees: string[] = [];
  for (const [position, diffId] of diffIds.entries()) {
    const tree = findLayer(store, layerKey, diffId, () => {
      // Hashing is only loaded where a layer relies on those below it.
      chain ??= chainIds(diffIds);
      return chain[position] ?? diffId;
    });
    if (tree === undefined) return undefined;
    trees.push(tree);
  }
  return [...new Set(trees.reverse())];
}

function means(reference: Reference, image: StoredImage): boolean {
  const { digest } = reference;
  if (digest === undefined) return image.name === formatReference(reference);
  const repository = `${reference.registry}/${reference.repository}`;
  const named = image.name.startsWith(`${repository}:`) || image.name.startsWith(`${repository}@`);
  const same = image.manifest.digest === digest || image.index?.digest === digest;
  return named && same;
}

/** A wanted platform without a variant takes any. */
function fits(has: Platform, wanted: Platform): boolean {
  return (
    has.os === wanted.os &&
    has.architecture === wanted.architecture &&
    (wanted.variant === undefined || has.variant === undefined || has.variant === wanted.variant)
  );
}
