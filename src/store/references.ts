import { readFileSync } from 'node:fs';
import { blobPath } from './blobs.ts';
import { chainIds, type Digest, parseDigest } from './digest.ts';
import { errnoOf } from './error.ts';
import { layerName } from './layers.ts';

/*
 * What a manifest leads to, for who has to know only that: garbage collection. Manifests were checked before they were
 * stored (image/manifest.ts); one that says what is not understood here must not lose its blobs for that.
 */

/** The blobs and layers that an image needs. */
export interface References {
  /** The manifest, its config, its layers. */
  readonly blobs: readonly Digest[];
  /** Names of the directories that its layers may have: of their diff ids, and of their chain ids. */
  readonly layers: readonly string[];
  /** False where a blob that had to be looked into is missing or damaged. */
  readonly complete: boolean;
}

function parse(store: string, digest: Digest): unknown {
  try {
    return JSON.parse(readFileSync(blobPath(store, digest), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Follows a manifest of the store (or an index: to the manifests in it that are there) to all that it refers to. */
export function referencesOf(store: string, manifest: Digest): References {
  const value = parse(store, manifest);
  const children = list(member(value, 'manifests')).flatMap((each) => parseDigest(member(each, 'digest')) ?? []);
  if (children.length > 0) return ofIndex(store, manifest, children);
  const config = parseDigest(member(member(value, 'config'), 'digest'));
  const layers = list(member(value, 'layers')).flatMap((layer) => parseDigest(member(layer, 'digest')) ?? []);
  const rootfs = config === undefined ? undefined : member(parse(store, config), 'rootfs');
  const diffIds = list(member(rootfs, 'diff_ids')).flatMap((id) => parseDigest(id) ?? []);
  const names = [
    ...diffIds.map((diffId) => layerName({ diffId })),
    ...chainIds(diffIds).map((chainId) => layerName({ chainId })),
  ];
  return {
    blobs: [manifest, ...(config === undefined ? [] : [config]), ...layers],
    layers: [...new Set(names)],
    complete: config !== undefined && rootfs !== undefined,
  };
}

/** Of most platforms of an index nothing was downloaded. No index lies in an index here: a crafted one would never end. */
function ofIndex(store: string, index: Digest, children: readonly Digest[]): References {
  const blobs = new Set<Digest>([index]);
  for (const child of children) {
    const value = parse(store, child);
    if (value === undefined || member(value, 'manifests') !== undefined) continue;
    for (const blob of referencesOf(store, child).blobs) blobs.add(blob);
  }
  return { blobs: [...blobs], layers: [], complete: true };
}
