import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { didYouMean } from '../../config/did-you-mean.ts';
import { surveyHost } from '../../host/survey.ts';
import { ImageError } from '../../image/error.ts';
import { readContent } from '../../image/local.ts';
import type { ImageConfig, ImageManifest, Reference } from '../../image/model.ts';
import { familiarName, formatReference, parseReference } from '../../image/reference.ts';
import { rootMapping } from '../../plan/identity.ts';
import { chainIds, type Digest, digestParts } from '../../store/digest.ts';
import { type DanglingImage, readDanglingImages, readImages } from '../../store/images.ts';
import { findLayer, layerKey } from '../../store/layers.ts';
import { referenceTo } from '../spec/find-image.ts';

/** An image of the store with all that is said about it. */
export interface StoredInfo {
  /** Undefined: its name went over to another image. */
  readonly name: string | undefined;
  /** Hexadecimal digits of the config's digest, as podman shows them; of the manifest's where that cannot be read. */
  readonly id: string;
  readonly stored: DanglingImage;
  /** Undefined where the store is damaged. */
  readonly content: ImageContent | undefined;
}

export interface ImageContent {
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** From the lowest up, as `manifest.layers`. */
  readonly layers: readonly StoredLayer[];
}

export interface StoredLayer {
  readonly diffId: Digest;
  /** Path of the unpacked tree; undefined where it is not unpacked for this user's ids. */
  readonly tree: string | undefined;
  /** Bytes of the uncompressed archive, where it was unpacked. */
  readonly bytes: number | undefined;
}

/** Shorter beginnings of an id are more likely a slip than meant. */
const SHORTEST_ID = 4;

function unpackedBytes(tree: string): number | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(`${dirname(tree)}/layer.json`, 'utf8'));
    const bytes: unknown = typeof record === 'object' && record !== null ? Reflect.get(record, 'bytes') : undefined;
    return typeof bytes === 'number' ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function contentOf(store: string, key: string, stored: DanglingImage): ImageContent | undefined {
  try {
    const { manifest, config } = readContent(store, stored.manifest.digest, stored.manifest.mediaType);
    const chain = chainIds(config.diffIds);
    const layers = config.diffIds.map((diffId, at): StoredLayer => {
      const tree = findLayer(store, key, diffId, () => chain[at] ?? diffId);
      return { diffId, tree, bytes: tree === undefined ? undefined : unpackedBytes(tree) };
    });
    return { manifest, config, layers };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** Gives all images of this user's store: those with a name, one for each, and those without. Throws a StoreError. */
export function storedImages(): StoredInfo[] {
  const facts = surveyHost();
  const { store } = facts;
  const key = layerKey(rootMapping(facts));
  const info = (stored: DanglingImage, name: string | undefined): StoredInfo => {
    const content = contentOf(store, key, stored);
    const digest = content?.manifest.config.digest ?? stored.manifest.digest;
    return { name, id: digestParts(digest).hex, stored, content };
  };
  return [
    ...readImages(store).map((each) => info(each, each.name)),
    ...readDanglingImages(store).map((each) => info(each, undefined)),
  ];
}

/** Gives the bytes of all layers, unpacked where that is known, else as they were downloaded. */
export function sizeOf({ content }: StoredInfo): number | undefined {
  return content?.manifest.layers.reduce((sum, { size }, at) => sum + (content.layers[at]?.bytes ?? size), 0);
}

/** `debian:bookworm` for `docker.io/library/debian:bookworm`. */
export function familiar(name: string): string {
  try {
    return familiarName(parseReference(name));
  } catch {
    return name; // by another program
  }
}

/** Whether a stored image has a name that a reference means. */
function isCalled({ name, stored }: StoredInfo, reference: Reference): boolean {
  if (name === undefined) return false;
  const { digest } = reference;
  if (digest === undefined) return name === formatReference(reference);
  const repository = `${reference.registry}/${reference.repository}`;
  const same = stored.manifest.digest === digest || stored.index?.digest === digest;
  return same && (name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`));
}

function startsWith({ id, stored }: StoredInfo, beginning: string): boolean {
  return id.startsWith(beginning) || digestParts(stored.manifest.digest).hex.startsWith(beginning);
}

/**
 * Takes what was typed, a name or the beginning of an id, and gives the image of the list that it means; by an id any of its
 * entries. Throws an ImageError.
 */
export async function selectStored(unsafeName: string, images: readonly StoredInfo[]): Promise<StoredInfo> {
  const beginning = /^(?:sha256:)?([0-9a-f]+)$/.exec(unsafeName)?.[1] ?? '';
  const byId = beginning.length < SHORTEST_ID ? [] : images.filter((image) => startsWith(image, beginning));
  let reference: Reference | undefined;
  try {
    reference = await referenceTo(unsafeName);
  } catch (error) {
    if (byId.length === 0) throw error;
  }
  const named = reference && images.find((image) => isCalled(image, reference));
  if (named !== undefined) return named;
  const [first] = byId;
  if (first !== undefined && new Set(byId.map(({ stored }) => stored.manifest.digest)).size === 1) return first;
  if (first !== undefined) {
    throw new ImageError('REFERENCE', `${unsafeName} is the beginning of several images' ids`, {
      hint: 'type more of it: `sandbox image ls --no-trunc` shows all of it',
    });
  }
  const nearest = didYouMean(
    unsafeName,
    images.flatMap(({ name }) => (name === undefined ? [] : [familiar(name)])),
  );
  throw new ImageError(
    'NO_IMAGE',
    `there is no image ${reference === undefined ? unsafeName : formatReference(reference)} here`,
    {
      hint: nearest === undefined ? '`sandbox image ls` lists them' : `did you mean ${nearest}?`,
    },
  );
}
