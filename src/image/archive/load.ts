import { readBlob, writeBlob } from '../../store/blobs.ts';
import { digestOf } from '../../store/digest.ts';
import { type BlobDescriptor, REF_NAME } from '../../store/image-index.ts';
import { MOST_JSON_BYTES } from '../checked-json.ts';
import { ImageError } from '../error.ts';
import { parseImageConfig } from '../image-config.ts';
import { parseManifest } from '../manifest.ts';
import { isIndexType, OCI_CONFIG, OCI_MANIFEST } from '../media-type.ts';
import type { Descriptor, ImageIndex, Platform } from '../model.ts';
import { choosePlatform } from '../platform.ts';
import { compressionOf } from './compression.ts';
import type { ArchiveContent } from './content.ts';
import { type DockerImage, parseDockerManifest } from './docker-manifest.ts';
import { corrupt, invalidArchive } from './error.ts';
import { imageNames } from './names.ts';
import { type ArchiveInput, openArchive } from './open.ts';

/** An image whose blobs are in the store, not unpacked yet. */
export interface LoadedImage {
  /** Full names; empty where the archive gives it none. */
  readonly names: readonly string[];
  readonly manifest: BlobDescriptor;
  /** The multi-platform index that it was chosen from. */
  readonly index?: BlobDescriptor;
}

export interface LoadOptions {
  /** Chosen from images that are there for several. */
  readonly platform: Platform;
  /** A name in the archive that is none. */
  readonly onUnknownName?: (unsafeName: string) => void;
  readonly signal?: AbortSignal;
  /** Bytes that a compressed archive may have uncompressed. */
  readonly limit?: number;
}

/**
 * Puts the blobs of all images of an archive into the store, each verified by its digest: of an OCI image layout (a
 * directory, or a tar archive of one) or of what `docker save` writes. The caller keeps the store locked (`shared`) until
 * the images are in its list. Throws an ArchiveError, an ImageError or a StoreError; what was stored then is garbage.
 */
export async function loadArchive(input: ArchiveInput, store: string, options: LoadOptions): Promise<LoadedImage[]> {
  const content = await openArchive(input, store, options);
  try {
    const index = content.document('index.json');
    if (index !== undefined) return await loadLayout(content, store, parseLayout(content, index), options);
    const manifest = content.document('manifest.json');
    if (manifest !== undefined)
      return await loadDocker(content, store, parseDockerManifest(manifest, content.shown), options);
    throw invalidArchive(
      content.shown,
      'it has neither an index.json nor a manifest.json',
      'the archive of a root file system is no image: unpack it, and use `sandbox run --rootfs DIRECTORY`',
    );
  } finally {
    content.close();
  }
}

function parseLayout(content: ArchiveContent, bytes: Buffer): ImageIndex {
  const parsed = parseManifest(bytes, '');
  if (parsed.kind === 'manifest') throw invalidArchive(content.shown, 'its index.json is no index');
  if (parsed.manifests.length === 0) throw invalidArchive(content.shown, 'its index.json has no images');
  return parsed;
}

/** Entries of one name, or without any, that are for different platforms are one image. */
async function loadLayout(
  content: ArchiveContent,
  store: string,
  index: ImageIndex,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  const groups = Map.groupBy(index.manifests, (entry) =>
    imageNames(entry.annotations, options.onUnknownName).join(' '),
  );
  const loaded: LoadedImage[] = [];
  for (const [name, entries] of groups) {
    const names = name === '' ? [] : name.split(' ');
    const isOne = entries.length > 1 && (name !== '' || entries.every(({ platform }) => platform !== undefined));
    const chosen = isOne ? [choosePlatform({ ...index, manifests: entries }, options.platform)] : entries;
    for (const entry of chosen) {
      options.signal?.throwIfAborted();
      loaded.push({ names, ...(await loadEntry(content, store, entry, options.platform)) });
    }
  }
  return merged(loaded);
}

/** One image under several names has an entry for each. */
function merged(loaded: readonly LoadedImage[]): LoadedImage[] {
  const same = Map.groupBy(loaded, ({ manifest, index }) => `${manifest.digest} ${index?.digest}`);
  return [...same.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, names: [...new Set([first, ...others].flatMap(({ names }) => names))] }],
  );
}

async function loadEntry(
  content: ArchiveContent,
  store: string,
  entry: Descriptor,
  platform: Platform,
): Promise<Omit<LoadedImage, 'names'>> {
  const parsed = await loadManifest(content, store, entry);
  if (parsed.kind === 'manifest') {
    await content.store(parsed.config);
    for (const layer of parsed.layers) await content.store(layer);
    return { manifest: bare(entry) };
  }
  const chosen = choosePlatform(parsed, platform);
  if (isIndexType(chosen.mediaType)) {
    throw new ImageError('INVALID', `${content.shown}: the index ${entry.digest} leads to another index`);
  }
  return { ...(await loadEntry(content, store, chosen, platform)), index: bare(entry) };
}

async function loadManifest(content: ArchiveContent, store: string, entry: Descriptor) {
  if (entry.size > MOST_JSON_BYTES) {
    throw invalidArchive(
      content.shown,
      `the manifest ${entry.digest} has ${entry.size} bytes, over the limit of 4 MiB`,
    );
  }
  await content.store(entry);
  return parseManifest(readBlob(store, entry.digest), entry.mediaType);
}

function bare({ mediaType, digest, size }: Descriptor): BlobDescriptor {
  return { mediaType, digest, size };
}

async function loadDocker(
  content: ArchiveContent,
  store: string,
  images: readonly DockerImage[],
  { onUnknownName }: LoadOptions,
): Promise<LoadedImage[]> {
  const loaded: LoadedImage[] = [];
  for (const image of images) {
    const names = image.unsafeTags.flatMap((tag) => imageNames({ [REF_NAME]: tag }, onUnknownName));
    loaded.push({ names: [...new Set(names)], manifest: await synthesise(content, store, image) });
  }
  return merged(loaded);
}

/**
 * Writes the OCI manifest that an image of `docker save` lacks: its config byte for byte, and its layers as they are in the
 * archive, mostly uncompressed. The same archive gives the same manifest each time.
 */
async function synthesise(
  content: ArchiveContent,
  store: string,
  { unsafeConfig, unsafeLayers }: DockerImage,
): Promise<BlobDescriptor> {
  const config = memberOf(content, unsafeConfig);
  if (config.size > MOST_JSON_BYTES)
    throw invalidArchive(content.shown, 'the config of an image is over the limit of 4 MiB');
  await content.store(config);
  const { diffIds } = parseImageConfig(readBlob(store, config.digest));
  if (diffIds.length !== unsafeLayers.length) {
    throw invalidArchive(
      content.shown,
      `an image has ${unsafeLayers.length} layers, and its config names ${diffIds.length}`,
    );
  }
  const layers: BlobDescriptor[] = [];
  for (const [at, unsafeName] of unsafeLayers.entries()) {
    const blob = memberOf(content, unsafeName);
    await content.store(blob);
    const compression = compressionOf(store, blob.digest);
    if (compression === '' && blob.digest !== diffIds[at]) {
      throw corrupt(content.shown, `the layer ${JSON.stringify(unsafeName)} is not ${diffIds[at]}, as the config says`);
    }
    layers.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${compression}`, ...blob });
  }
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: OCI_CONFIG, ...config }, layers };
  const bytes = Buffer.from(JSON.stringify(manifest));
  writeBlob(store, bytes);
  return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
}

function memberOf(content: ArchiveContent, unsafeName: string) {
  const member = content.member(unsafeName);
  if (member !== undefined) return member;
  throw corrupt(content.shown, `manifest.json names ${JSON.stringify(unsafeName)}, which is missing`);
}
