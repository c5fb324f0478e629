import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readBlob } from '../../store/blobs.ts';
import { chainIds, type Digest, digestParts } from '../../store/digest.ts';
import { type BlobDescriptor, REF_NAME, type StoredPlatform } from '../../store/image-index.ts';
import { findLayer } from '../../store/layers.ts';
import { ImageError } from '../error.ts';
import { parseImageConfig } from '../image-config.ts';
import { parseManifest } from '../manifest.ts';
import { OCI_INDEX } from '../media-type.ts';
import type { ImageManifest } from '../model.ts';
import { blobChunks, countLayer, type LayerBlob, layerChunks } from './blob-bytes.ts';
import { type ByteSink, TarWriter } from './tar-writer.ts';

/** An image to save, under the names that it is to have. */
export interface SavedImage {
  /** Full names; empty: the archive gives it none. */
  readonly names: readonly string[];
  readonly manifest: BlobDescriptor;
  readonly platform: StoredPlatform;
}

/** The files of an archive, in order; each has as many bytes as it says. */
export interface ArchiveFile {
  readonly name: string;
  readonly size: number;
  readonly chunks: () => Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** Where layers are unpacked: their records know how large they are uncompressed. */
export interface SaveContext {
  readonly store: string;
  readonly layerKey: string;
}

function whole(name: string, value: unknown): ArchiveFile {
  const bytes = Buffer.from(JSON.stringify(value));
  return { name, size: bytes.length, chunks: () => [bytes] };
}

interface Opened {
  readonly manifest: ImageManifest;
  readonly diffIds: readonly Digest[];
}

/** Throws an ImageError or a StoreError where the store lacks what an image needs. */
function open(store: string, { manifest: { digest, mediaType } }: SavedImage): Opened {
  const manifest = parseManifest(readBlob(store, digest), mediaType);
  if (manifest.kind === 'index') throw new ImageError('INVALID', `${digest} is an index of images, not an image`);
  const { diffIds } = parseImageConfig(readBlob(store, manifest.config.digest));
  if (diffIds.length !== manifest.layers.length) {
    throw new ImageError(
      'INVALID',
      `${digest} has ${manifest.layers.length} layers, and its config names ${diffIds.length}`,
    );
  }
  return { manifest, diffIds };
}

/**
 * Gives the files of an OCI image layout with these images, byte for byte as they were pulled: OCI image spec,
 * image-layout.md. Throws an ImageError or a StoreError.
 */
export function layoutFiles({ store }: SaveContext, images: readonly SavedImage[]): ArchiveFile[] {
  const blobs = new Map<string, ArchiveFile>();
  for (const image of images) {
    const { manifest } = open(store, image);
    for (const blob of [image.manifest, manifest.config, ...manifest.layers]) {
      const { algorithm, hex } = digestParts(blob.digest);
      const name = `blobs/${algorithm}/${hex}`;
      blobs.set(name, { name, size: blob.size, chunks: () => blobChunks(store, blob) });
    }
  }
  const manifests = images.flatMap(({ names, manifest: { mediaType, digest, size }, platform }) => {
    const entry = { mediaType, digest, size, platform };
    if (names.length === 0) return [entry];
    return names.map((name) => ({ ...entry, annotations: { [REF_NAME]: name } }));
  });
  return [
    whole('oci-layout', { imageLayoutVersion: '1.0.0' }),
    whole('index.json', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
    ...blobs.values(),
  ];
}

/**
 * Gives the files of what `docker save` writes: configs, uncompressed layers, and manifest.json; the Docker image
 * specification v1.2. A tar header states the size before the bytes: where no record knows it, the layer is uncompressed
 * twice. Throws an ImageError or a StoreError.
 */
export async function dockerFiles(context: SaveContext, images: readonly SavedImage[]): Promise<ArchiveFile[]> {
  const { store } = context;
  const files = new Map<string, ArchiveFile>();
  const list: object[] = [];
  for (const image of images) {
    const { manifest, diffIds } = open(store, image);
    const { config } = manifest;
    const Config = `${digestParts(config.digest).hex}.json`;
    files.set(Config, { name: Config, size: config.size, chunks: () => blobChunks(store, config) });
    const Layers: string[] = [];
    const chain = chainIds(diffIds);
    for (const [at, descriptor] of manifest.layers.entries()) {
      const diffId = diffIds[at] ?? descriptor.digest;
      const name = `${digestParts(diffId).hex}.tar`;
      Layers.push(name);
      if (files.has(name)) continue;
      const layer: LayerBlob = { ...descriptor, diffId };
      const size = recordedSize(context, diffId, chain[at] ?? diffId) ?? (await countLayer(store, layer));
      files.set(name, { name, size, chunks: () => layerChunks(store, layer) });
    }
    list.push({ Config, RepoTags: image.names.filter(isTag), Layers });
  }
  return [...files.values(), whole('manifest.json', list)];
}

/** A digest is no tag, and docker's format has no place for it. */
function isTag(name: string): boolean {
  return !name.includes('@');
}

/** layer.json of the unpacked layer. */
function recordedSize({ store, layerKey }: SaveContext, diffId: Digest, chainId: Digest): number | undefined {
  const tree = findLayer(store, layerKey, diffId, () => chainId);
  if (tree === undefined) return undefined;
  try {
    const record: unknown = JSON.parse(readFileSync(`${dirname(tree)}/layer.json`, 'utf8'));
    const bytes: unknown = typeof record === 'object' && record !== null ? Reflect.get(record, 'bytes') : undefined;
    return typeof bytes === 'number' && Number.isSafeInteger(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the files as a tar archive. */
export async function writeTar(files: readonly ArchiveFile[], sink: ByteSink): Promise<void> {
  const tar = new TarWriter(sink);
  const directories = new Set<string>();
  for (const { name, size, chunks } of files) {
    for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
      const directory = name.slice(0, slash);
      if (!directories.has(directory)) tar.directory(directory);
      directories.add(directory);
    }
    const write = tar.begin(name, size);
    let written = 0;
    for await (const chunk of chunks()) {
      written += chunk.length;
      if (written > size) throw wrongSize(name, size);
      write(chunk);
    }
    if (written !== size) throw wrongSize(name, size);
  }
  tar.end();
}

function wrongSize(name: string, size: number): ImageError {
  return new ImageError('CORRUPT', `the store is damaged: ${name} has not the ${size} bytes that are recorded of it`, {
    hint: 'remove the image and pull it again: sandbox image rm --force NAME',
  });
}
