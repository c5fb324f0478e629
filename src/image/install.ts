import { blobPath, hasBlob, readBlob } from '../store/blobs.ts';
import { chainIds, type Digest } from '../store/digest.ts';
import type { BlobDescriptor } from '../store/image-index.ts';
import { setImage } from '../store/images.ts';
import { layerKey, unsyncedMark } from '../store/layers.ts';
import { commitPartial, lockPartial } from '../store/partials.ts';
import { ImageError } from './error.ts';
import type { ImageHost } from './host.ts';
import { parseImageConfig } from './image-config.ts';
import type { InstallEvents } from './install/events.ts';
import type { DownloadBlob } from './install/layer.ts';
import { obtainLayers } from './install/layers.ts';
import type { LocalImage } from './local.ts';
import { parseManifest } from './manifest.ts';
import type { ImageConfig, ImageManifest } from './model.ts';
import { startUnpacker } from './unpack/client.ts';

/** An image whose manifest is in the store. */
export interface Installation {
  /** Full names that it gets, at least one. */
  readonly names: readonly string[];
  readonly manifest: BlobDescriptor;
  /** The multi-platform index that it was chosen from; in the store too. */
  readonly index?: BlobDescriptor;
}

export interface InstallOptions {
  readonly host: ImageHost;
  readonly events: InstallEvents;
  /** Largest size of one unpacked layer, bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal;
  /** How blobs are had that are not in the store; without it they must be there. */
  readonly download?: DownloadBlob;
}

/**
 * Makes an image runnable: brings what it lacks of blobs and layers into the store, and only then gives it its names. The
 * caller keeps the store locked (install/lock.ts) meanwhile. Throws an ImageError or a StoreError; nothing new is visible then.
 */
export async function installImage(image: Installation, options: InstallOptions): Promise<LocalImage> {
  const { host, events, signal = new AbortController().signal } = options;
  const { store } = host;
  const unpacker = startUnpacker(host);
  try {
    const { manifest, config } = await describe(image, options, signal);
    const chain = chainIds(config.diffIds);
    const positions = manifest.layers.map((descriptor, at) => {
      const diffId = config.diffIds[at] as Digest;
      return { descriptor, diffId, chainId: chain[at] ?? diffId };
    });
    const context = {
      store,
      key: layerKey(host.ids),
      unpacker,
      limit: options.limit,
      download: options.download,
      events,
      signal,
      discard: host.discard,
    };
    const { trees, fresh } = await obtainLayers(context, positions);
    const pulled = new Date().toISOString();
    const { platform } = config;
    const index = image.index === undefined ? {} : { index: image.index };
    for (const name of image.names) {
      await setImage(store, { name, manifest: image.manifest, platform, pulled, ...index });
    }
    // Nobody waits for the disk: until it has everything, the layers are marked.
    if (fresh.length > 0) unpacker.sync(fresh.map(unsyncedMark));
    else await unpacker.close();
    return { name: image.names[0] ?? '', manifest: image.manifest.digest, config, layers: trees };
  } catch (error) {
    await unpacker.close();
    throw error;
  }
}

/** Reads the manifest, and the configuration, which is downloaded where it is missing. */
async function describe(
  { manifest: { mediaType, digest } }: Installation,
  { host: { store }, download }: InstallOptions,
  signal: AbortSignal,
): Promise<{ manifest: ImageManifest; config: ImageConfig }> {
  const manifest = parseManifest(readBlob(store, digest), mediaType);
  if (manifest.kind === 'index') throw new ImageError('INVALID', `${digest} is an index of images, not an image`);
  if (download !== undefined) await downloadConfig(store, manifest, download, signal);
  const config = parseImageConfig(readBlob(store, manifest.config.digest));
  const { length } = manifest.layers;
  if (length !== config.diffIds.length) {
    throw new ImageError('INVALID', `the image has ${length} layers, and its config names ${config.diffIds.length}`, {
      hint: 'whoever built the image has to mend it',
    });
  }
  if (download === undefined) {
    const missing = manifest.layers.find((layer) => !hasBlob(store, layer));
    if (missing !== undefined) {
      throw new ImageError('INVALID', `the layer ${missing.digest} is not there: ${blobPath(store, missing.digest)}`);
    }
  }
  return { manifest, config };
}

async function downloadConfig(
  store: string,
  { config }: ImageManifest,
  download: DownloadBlob,
  signal: AbortSignal,
): Promise<void> {
  const lock = await lockPartial(store, config, { signal });
  if (lock === undefined) return;
  try {
    await download(config, { path: lock.path, signal, onBytes: () => {}, onReset: () => {} });
    await commitPartial(store, config.digest);
  } finally {
    lock.release();
  }
}
