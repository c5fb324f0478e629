import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeTarFile } from '../../image/archive/output.ts';
import type { ArchiveFile } from '../../image/archive/save.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../image/media-type.ts';
import { fsPath } from '../../linux/paths.ts';
import { asidePath, replaceFile } from '../../store/aside.ts';
import { digestOf, digestParts, parseDigest } from '../../store/digest.ts';
import { errnoOf } from '../../store/error.ts';
import type { BlobDescriptor } from '../../store/image-index.ts';
import { lockPath } from '../../store/lock.ts';
import { ProjectError } from '../error.ts';
import type { CacheEnvironment, CacheLayer, CacheTargetOptions } from './cache.ts';
import { cacheFailure } from './failure.ts';
import { fileChunks, filesBelow } from './files.ts';
import { configOf, entryOf, isSameEnvironment, type LayerBlob, manifestOf } from './layout.ts';
import { knownBlobs, removeOrphans } from './stock.ts';

const MODE = 0o644;
/** OCI image spec, image-layout.md. */
const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** As writeCache in cache.ts. */
export async function fillCache(
  path: string,
  environments: readonly CacheEnvironment[],
  options: CacheTargetOptions,
): Promise<void> {
  // An image of no layers would say nothing that the base image's does not.
  const filled = environments.filter(({ layers }) => layers.length > 0);
  try {
    if (path.endsWith('.tar')) await fillTar(path, filled, options);
    else await fillDirectory(path, filled, options);
  } catch (cause) {
    throw cacheFailure(path, 'cannot be written', cause);
  }
}

/** A tar archive cannot be added to in its place: it is made anew of a directory beside it. */
async function fillTar(
  path: string,
  environments: readonly CacheEnvironment[],
  options: CacheTargetOptions,
): Promise<void> {
  const aside = asidePath(path);
  try {
    await fillDirectory(aside, environments, options);
    const files = filesBelow(aside).map(
      ({ name, size }): ArchiveFile => ({ name, size, chunks: () => fileChunks(`${aside}/${name}`) }),
    );
    await writeTarFile(path, files);
  } finally {
    rmSync(fsPath(aside), { recursive: true, force: true });
  }
}

async function fillDirectory(
  path: string,
  environments: readonly CacheEnvironment[],
  options: CacheTargetOptions,
): Promise<void> {
  const { signal } = options;
  mkdirSync(fsPath(`${path}/blobs/sha256`), { recursive: true });
  // Two builds may write to one cache: the file that says which version of the layout it is has to be there anyway.
  const lock = await lockPath(`${path}/oci-layout`, 'exclusive', `the cache ${path}`, signal ? { signal } : {});
  try {
    replaceUnlessEqual(`${path}/oci-layout`, Buffer.from(LAYOUT));
    const index = readIndex(path);
    const known = knownBlobs(path, index.manifests);
    const entries = [...index.manifests];
    for (const environment of environments) {
      const manifest = await addEnvironment(path, environment, known, options);
      const at = entries.findIndex((entry) => isSameEnvironment(entry, environment));
      const entry = entryOf(environment, manifest);
      if (at === -1) entries.push(entry);
      else entries[at] = entry;
    }
    const { raw } = index;
    const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, ...raw, manifests: entries });
    replaceUnlessEqual(`${path}/index.json`, Buffer.from(text));
    removeOrphans(path, index.manifests, entries);
  } finally {
    lock.release();
  }
}

interface Index {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly manifests: readonly unknown[];
}

function readIndex(path: string): Index {
  let text: string;
  try {
    text = readFileSync(fsPath(`${path}/index.json`), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { raw: {}, manifests: [] };
    throw error;
  }
  try {
    const raw: unknown = JSON.parse(text);
    if (typeof raw === 'object' && raw !== null && 'manifests' in raw && Array.isArray(raw.manifests))
      return { raw: raw as Index['raw'], manifests: raw.manifests };
  } catch {
    // The same as one without a list.
  }
  throw new ProjectError('CACHE', `the cache ${JSON.stringify(path)} cannot be added to: its index.json is no index`, {
    hint: 'nothing was changed: name another directory, or remove this one',
  });
}

async function addEnvironment(
  path: string,
  environment: CacheEnvironment,
  known: ReadonlyMap<string, LayerBlob>,
  options: CacheTargetOptions,
): Promise<BlobDescriptor> {
  const blobs: LayerBlob[] = [];
  for (const layer of environment.layers) {
    options.signal?.throwIfAborted();
    blobs.push(known.get(layer.diffId) ?? (await addLayer(path, layer, options)));
  }
  const config = addDocument(path, configOf(environment), OCI_CONFIG);
  return addDocument(path, manifestOf(environment, config, blobs), OCI_MANIFEST);
}

async function addLayer(
  path: string,
  { tree, diffId, name }: CacheLayer,
  { sealer }: CacheTargetOptions,
): Promise<LayerBlob> {
  const target = asidePath(`${path}/blobs/sha256/layer`);
  try {
    const blob = await sealer.archive({ tree, diffId, target, compression: 'zstd' });
    chmodSync(fsPath(target), MODE);
    renameSync(fsPath(target), fsPath(blobIn(path, blob.digest)));
    return blob;
  } catch (cause) {
    rmSync(fsPath(target), { force: true });
    throw cacheFailure(path, `cannot have the result of the step ${JSON.stringify(name)}`, cause);
  }
}

function addDocument(path: string, bytes: Buffer, mediaType: string): BlobDescriptor {
  const digest = digestOf(bytes);
  replaceUnlessEqual(blobIn(path, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Takes a digest of sha256. */
function blobIn(path: string, unsafeDigest: string): string {
  const digest = parseDigest(unsafeDigest);
  if (digest === undefined) throw new TypeError(`not a digest: ${unsafeDigest}`);
  return `${path}/blobs/sha256/${digestParts(digest).hex}`;
}

function replaceUnlessEqual(path: string, bytes: Buffer): void {
  const there = statSync(fsPath(path), { throwIfNoEntry: false });
  if (there?.size === bytes.length && readFileSync(fsPath(path)).equals(bytes)) return;
  replaceFile(path, bytes, { mode: MODE });
}
