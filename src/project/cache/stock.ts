import { readFileSync, rmSync, statSync } from 'node:fs';
import { MOST_JSON_BYTES } from '../../image/checked-json.ts';
import { parseImageConfig } from '../../image/image-config.ts';
import { parseManifest } from '../../image/manifest.ts';
import type { ImageManifest } from '../../image/model.ts';
import { fsPath } from '../../linux/paths.ts';
import { type Digest, digestOf, digestParts, parseDigest } from '../../store/digest.ts';
import { LAYER, type LayerBlob, PROJECT } from './layout.ts';

/*
 * What a cache's directory has already. It may have been made by anybody and be damaged: what cannot be read counts as not there,
 * and is written anew.
 */

function pathOf(path: string, digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return `${path}/blobs/${algorithm}/${hex}`;
}

function blob(path: string, digest: Digest): Buffer | undefined {
  try {
    const at = fsPath(pathOf(path, digest));
    if (statSync(at).size > MOST_JSON_BYTES) return undefined;
    const bytes = readFileSync(at);
    return digestOf(bytes, digestParts(digest).algorithm) === digest ? bytes : undefined;
  } catch {
    return undefined;
  }
}

interface Found {
  readonly digest: Digest;
  readonly manifest: ImageManifest;
}

/** The image of an index's entry, as far as it is one of ours. */
function imageOf(path: string, unsafeEntry: unknown): Found | undefined {
  const { digest: unsafeDigest, annotations } = (unsafeEntry ?? {}) as { digest?: unknown; annotations?: unknown };
  const digest = parseDigest(unsafeDigest);
  if (digest === undefined || !isOurs(annotations)) return undefined;
  const bytes = blob(path, digest);
  if (bytes === undefined) return undefined;
  try {
    const manifest = parseManifest(bytes, '');
    return manifest.kind === 'manifest' ? { digest, manifest } : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(annotations: unknown): boolean {
  return typeof annotations === 'object' && annotations !== null && Object.hasOwn(annotations, PROJECT);
}

/** Gives the layers' blobs that are there, of the size that is stated, by their diff ids. */
export function knownBlobs(path: string, unsafeEntries: readonly unknown[]): Map<string, LayerBlob> {
  const known = new Map<string, LayerBlob>();
  for (const entry of unsafeEntries) {
    const image = imageOf(path, entry);
    const config = image === undefined ? undefined : blob(path, image.manifest.config.digest);
    if (image === undefined || config === undefined) continue;
    try {
      const { diffIds } = parseImageConfig(config);
      for (const [at, { mediaType, digest, size }] of image.manifest.layers.entries()) {
        const there = statSync(fsPath(pathOf(path, digest)), { throwIfNoEntry: false });
        const diffId = diffIds[at];
        if (diffId !== undefined && there?.size === size && mediaType === LAYER) known.set(diffId, { digest, size });
      }
    } catch {
      // Its config is none.
    }
  }
  return known;
}

/** Removes what only replaced entries of ours led to. Where any other cannot be understood, nothing is removed. */
export function removeOrphans(path: string, before: readonly unknown[], after: readonly unknown[]): void {
  const kept = new Set<string>();
  for (const entry of after) {
    const image = imageOf(path, entry);
    if (image === undefined) return;
    for (const digest of digestsOf(image)) kept.add(digest);
  }
  for (const entry of before) {
    const image = imageOf(path, entry);
    for (const digest of image === undefined ? [] : digestsOf(image))
      if (!kept.has(digest)) rmSync(fsPath(pathOf(path, digest)), { force: true });
  }
}

function digestsOf({ digest, manifest }: Found): Digest[] {
  return [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
}
