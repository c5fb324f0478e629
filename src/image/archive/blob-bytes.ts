import { closeSync, openSync, readSync } from 'node:fs';
import { type BlobId, blobPath } from '../../store/blobs.ts';
import { type Digest, hashFor } from '../../store/digest.ts';
import { errnoOf, storeFailure } from '../../store/error.ts';
import { ImageError } from '../error.ts';
import type { Compression } from '../model.ts';

const CHUNK = 1024 * 1024;

function damagedBlob(digest: Digest, why: string, cause?: unknown): ImageError {
  return new ImageError('CORRUPT', `the blob ${digest} of the store is damaged: ${why}`, {
    hint: 'remove the image and pull it again: sandbox image rm --force NAME',
    cause,
  });
}

/**
 * Gives the bytes of a blob of the store chunk by chunk, each good until the next. Throws an ImageError at the end where
 * they are not what the digest says, a StoreError where it cannot be read.
 */
export function* blobChunks(store: string, { digest, size }: BlobId): Generator<Buffer> {
  const path = blobPath(store, digest);
  const hash = hashFor(digest);
  const buffer = Buffer.allocUnsafe(CHUNK);
  let total = 0;
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') throw damagedBlob(digest, 'it is missing', cause);
    throw storeFailure(`the blob ${digest} cannot be read`, path, cause);
  }
  try {
    for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
      const chunk = buffer.subarray(0, length);
      hash.update(chunk);
      total += length;
      yield chunk;
    }
  } finally {
    closeSync(file);
  }
  if (total !== size) throw damagedBlob(digest, `it has ${total} bytes instead of ${size}`);
  if (!digest.endsWith(`:${hash.digest('hex')}`)) throw damagedBlob(digest, 'it is not what its digest says');
}

/** A layer as it is uncompressed. */
export interface LayerBlob extends BlobId {
  readonly compression: Compression;
  readonly diffId: Digest;
}

/**
 * Gives the uncompressed bytes of a layer chunk by chunk. Throws an ImageError where the blob is not what its digest says,
 * or they not what the diff id says.
 */
export async function* layerChunks(store: string, layer: LayerBlob): AsyncGenerator<Buffer> {
  const hash = hashFor(layer.diffId);
  for await (const chunk of uncompressed(store, layer)) {
    hash.update(chunk);
    yield chunk;
  }
  if (!layer.diffId.endsWith(`:${hash.digest('hex')}`)) {
    throw damagedBlob(layer.digest, `unpacked it is not the layer ${layer.diffId}`);
  }
}

async function* uncompressed(store: string, layer: LayerBlob): AsyncGenerator<Buffer> {
  if (layer.compression === 'none') {
    yield* blobChunks(store, layer);
    return;
  }
  const [{ createGunzip, createZstdDecompress }, { pipeline, Readable }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
  ]);
  const stream =
    layer.compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
  // What waits in the stream must not change: each chunk is a copy.
  const copies = function* (): Generator<Buffer> {
    for (const chunk of blobChunks(store, layer)) yield Buffer.from(chunk);
  };
  pipeline(Readable.from(copies(), { objectMode: false }), stream, () => {});
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === undefined || !/^(?:Z_|ZSTD_)/.test(code)) throw cause;
    throw damagedBlob(layer.digest, `its compression is damaged (${code})`, cause);
  } finally {
    stream.destroy();
  }
}

/** Gives how many bytes a layer has uncompressed, by uncompressing it. */
export async function countLayer(store: string, layer: LayerBlob): Promise<number> {
  if (layer.compression === 'none') return layer.size;
  let total = 0;
  for await (const chunk of layerChunks(store, layer)) total += chunk.length;
  return total;
}
