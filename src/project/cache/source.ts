import { readFileSync, rmSync } from 'node:fs';
import type { ArchiveContent } from '../../image/archive/content.ts';
import { openArchive } from '../../image/archive/open.ts';
import { MOST_JSON_BYTES } from '../../image/checked-json.ts';
import { ImageError } from '../../image/error.ts';
import { parseImageConfig } from '../../image/image-config.ts';
import { parseManifest } from '../../image/manifest.ts';
import type { LayerDescriptor } from '../../image/model.ts';
import { startUnpacker, type Unpacker } from '../../image/unpack/client.ts';
import { plainText } from '../../image/unsafe-text.ts';
import { type BlobId, blobPath, hasBlob, readBlob } from '../../store/blobs.ts';
import { type Digest, parseDigest } from '../../store/digest.ts';
import { commitLayer, newWork } from '../../store/layer-work.ts';
import { findLayer, layerKey, layerName, unsyncedMark } from '../../store/layers.ts';
import { ProjectError } from '../error.ts';
import type { CachedResult, CacheSource, CacheSourceOptions, TakenLayer } from './cache.ts';
import { cacheFailure } from './failure.ts';
import { PROJECT, STEP_KEY, STEP_NAME } from './layout.ts';

interface Entry extends CachedResult {
  readonly layer: LayerDescriptor;
}

/** As cacheSource in cache.ts. */
export async function openCache(path: string, options: CacheSourceOptions): Promise<CacheSource> {
  const { host, limit, signal } = options;
  let content: ArchiveContent | undefined;
  try {
    content = await openArchive({ kind: 'path', path }, host.store, { limit, signal });
    return new Source(path, content, await entriesOf(content, host.store), options);
  } catch (cause) {
    content?.close();
    throw cacheFailure(path, 'cannot be read', cause);
  }
}

/** Gives what the images of a cache have, by the steps' keys; of two, the one that was added later. */
async function entriesOf(content: ArchiveContent, store: string): Promise<Map<Digest, Entry>> {
  const entries = new Map<Digest, Entry>();
  const bytes = content.document('index.json');
  const index = bytes === undefined ? undefined : parseManifest(bytes, '');
  if (index?.kind !== 'index') return entries;
  for (const { digest, size, annotations } of index.manifests) {
    // Others may be in the same layout.
    if (annotations === undefined || !Object.hasOwn(annotations, PROJECT)) continue;
    const manifest = parseManifest(await document(content, store, { digest, size }), '');
    if (manifest.kind === 'index') continue;
    const { diffIds } = parseImageConfig(await document(content, store, manifest.config));
    for (const [at, layer] of manifest.layers.entries()) {
      const key = parseDigest(layer.annotations?.[STEP_KEY]);
      const diffId = diffIds[at];
      const unsafeName = layer.annotations?.[STEP_NAME] ?? '';
      if (key !== undefined && diffId !== undefined) entries.set(key, { diffId, layer, unsafeName });
    }
  }
  return entries;
}

/** A manifest or config, verified. */
async function document(content: ArchiveContent, store: string, { digest, size }: BlobId): Promise<Buffer> {
  if (size > MOST_JSON_BYTES) throw new ProjectError('CACHE', `${content.shown}: ${digest} has ${size} bytes`);
  return await withBlob(content, store, { digest, size }, () => readBlob(store, digest));
}

/** Has a blob in the store while the work takes, and afterwards only if it was there before. */
async function withBlob<T>(
  content: ArchiveContent,
  store: string,
  blob: BlobId,
  work: () => T | Promise<T>,
): Promise<T> {
  const wasThere = hasBlob(store, blob);
  await content.store(blob);
  try {
    return await work();
  } finally {
    if (!wasThere) rmSync(blobPath(store, blob.digest), { force: true });
  }
}

class Source implements CacheSource {
  readonly #path: string;
  readonly #content: ArchiveContent;
  readonly #entries: ReadonlyMap<Digest, Entry>;
  readonly #options: CacheSourceOptions;
  readonly #fresh: string[] = [];
  #unpacker: Unpacker | undefined;

  constructor(path: string, content: ArchiveContent, entries: ReadonlyMap<Digest, Entry>, options: CacheSourceOptions) {
    this.#path = path;
    this.#content = content;
    this.#entries = entries;
    this.#options = options;
  }

  readonly find = (key: Digest): CachedResult | undefined => {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : { diffId: entry.diffId, unsafeName: entry.unsafeName };
  };

  readonly take = async (key: Digest): Promise<TakenLayer> => {
    const entry = this.#entries.get(key);
    if (entry === undefined)
      throw new ProjectError('CACHE', `the cache ${JSON.stringify(this.#path)} has no result for ${key}`);
    const { store, ids } = this.#options.host;
    const { diffId } = entry;
    const tree = findLayer(store, layerKey(ids), diffId, () => diffId);
    if (tree !== undefined) return { tree, diffId, bytes: recordedBytes(tree) };
    try {
      return await withBlob(this.#content, store, entry.layer, async () => await this.#unpack(entry));
    } catch (cause) {
      const step = JSON.stringify(plainText(entry.unsafeName, 100));
      throw cacheFailure(this.#path, `has a result of the step ${step} that cannot be used`, cause);
    }
  };

  readonly close = async (): Promise<void> => {
    this.#content.close();
    if (this.#fresh.length > 0) this.#unpacker?.sync(this.#fresh);
    else await this.#unpacker?.close();
    this.#unpacker = undefined;
  };

  async #unpack({ layer, diffId }: Entry): Promise<TakenLayer> {
    const { host, limit, signal } = this.#options;
    const { store, ids } = host;
    signal?.throwIfAborted();
    this.#unpacker ??= startUnpacker(host);
    const work = newWork(store);
    try {
      const { digest, size, compression } = layer;
      const source = blobPath(store, digest);
      const target = `${work.path}/tree`;
      const task = this.#unpacker.unpack({ source, size, available: size, compression, diffId, target, limit });
      const stop = (): void => task.abort();
      signal?.addEventListener('abort', stop);
      const unpacked = await task.result.finally(() => signal?.removeEventListener('abort', stop));
      // A step's layer says everything itself; what another one is would depend on what it is put upon.
      if (unpacked.reliesOnLower) throw new ImageError('INVALID', `no build made the layer ${diffId}`);
      const { bytes } = unpacked;
      const record = { diffId, chainId: diffId, ...unpacked };
      const tree = commitLayer(store, layerKey(ids), layerName({ diffId }), work.path, record);
      this.#fresh.push(unsyncedMark(tree));
      return { tree, diffId, bytes };
    } catch (error) {
      await host.discard(work.path);
      throw error;
    } finally {
      work.release();
    }
  }
}

/** layer.json of a layer of the store. */
function recordedBytes(tree: string): number {
  try {
    const { bytes } = JSON.parse(readFileSync(`${tree.slice(0, -'/tree'.length)}/layer.json`, 'utf8'));
    return typeof bytes === 'number' && Number.isSafeInteger(bytes) ? bytes : 0;
  } catch {
    return 0;
  }
}
