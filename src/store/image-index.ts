import { type Digest, parseDigest } from './digest.ts';
import { StoreError } from './error.ts';

/*
 * images/index.json: an image index (OCI image spec, image-index.md) whose entries are the images of the store. An entry
 * without a name is an image whose name went over to another one. What we do not know in it, other programs' annotations
 * included, is kept as it is.
 */

export const REF_NAME = 'org.opencontainers.image.ref.name';
const PULLED = 'sandbox.pulled';
const INDEX = 'sandbox.index';
const MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json';
const NEVER = '1970-01-01T00:00:00.000Z';

export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface StoredPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** An image whose name went over to another, or that lost its only one. */
export interface DanglingImage {
  readonly manifest: BlobDescriptor;
  readonly platform: StoredPlatform;
  /** When it was pulled or loaded: ISO 8601, UTC. */
  readonly pulled: string;
  /** The multi-platform index that it was chosen from. */
  readonly index?: BlobDescriptor;
}

export interface StoredImage extends DanglingImage {
  /** The full name: `docker.io/library/debian:bookworm`. */
  readonly name: string;
}

/** Members that were read from a file, of which we know only some. */
type Json = Readonly<Record<string, unknown>>;

export interface IndexEntry {
  readonly image: DanglingImage & { readonly name?: string };
  readonly raw: Json;
}

/** The whole file. */
export interface IndexFile {
  readonly entries: readonly IndexEntry[];
  readonly raw: Json;
}

export const EMPTY_INDEX: IndexFile = { entries: [], raw: { schemaVersion: 2, mediaType: MEDIA_TYPE } };

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function descriptorOf(value: unknown): BlobDescriptor | undefined {
  if (!isObject(value)) return undefined;
  const { mediaType, size } = value;
  const digest = parseDigest(value.digest);
  if (typeof mediaType !== 'string' || digest === undefined || typeof size !== 'number') return undefined;
  return Number.isSafeInteger(size) && size >= 0 ? { mediaType, digest, size } : undefined;
}

function indexOf(text: unknown): BlobDescriptor | undefined {
  try {
    return typeof text === 'string' ? descriptorOf(JSON.parse(text)) : undefined;
  } catch {
    return undefined;
  }
}

function platformOf(value: unknown): StoredPlatform {
  const { os, architecture, variant } = isObject(value) ? value : {};
  return {
    os: typeof os === 'string' ? os : 'unknown',
    architecture: typeof architecture === 'string' ? architecture : 'unknown',
    ...(typeof variant === 'string' ? { variant } : {}),
  };
}

function entryOf(raw: unknown): IndexEntry | undefined {
  const manifest = descriptorOf(raw);
  if (!isObject(raw) || manifest === undefined) return undefined;
  const annotations = isObject(raw.annotations) ? raw.annotations : {};
  const { [REF_NAME]: name, [PULLED]: pulled, [INDEX]: indexText } = annotations;
  const index = indexOf(indexText);
  const image = {
    ...(typeof name === 'string' ? { name } : {}),
    manifest,
    platform: platformOf(raw.platform),
    pulled: typeof pulled === 'string' ? pulled : NEVER,
    ...(index === undefined ? {} : { index }),
  };
  return { image, raw };
}

function damaged(path: string, why: string, cause?: unknown): StoreError {
  return new StoreError('CORRUPT', `${path}, the list of images, is damaged: ${why}`, {
    hint: `nothing was changed. Mend it, or remove it and pull the images again: rm ${path}\nsandboxes and what was downloaded stay as they are as long as \`sandbox gc\` is not run`,
    cause,
  });
}

/**
 * Takes the file's text and gives the images in it. `path` is named in errors. Throws a StoreError: CORRUPT where it is
 * not what it must be, NEWER where its version is unknown; never gives less than what is there.
 */
export function parseIndex(text: string, path: string): IndexFile {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, text === '' ? 'it is empty' : 'it is not JSON', cause);
  }
  if (!isObject(raw)) throw damaged(path, 'it is not an object');
  if (raw.schemaVersion !== 2) {
    if (typeof raw.schemaVersion !== 'number') throw damaged(path, 'it has no schemaVersion');
    throw new StoreError('NEWER', `${path} has version ${raw.schemaVersion}, and 2 is known here`, {
      hint: 'use the version of `sandbox` that wrote it, or another store: set XDG_DATA_HOME',
    });
  }
  if (!Array.isArray(raw.manifests)) throw damaged(path, 'it has no list of manifests');
  const manifests: readonly unknown[] = raw.manifests;
  const entries = manifests.map((value, at) => {
    const entry = entryOf(value);
    if (entry === undefined) throw damaged(path, `entry ${at + 1} of its manifests is no descriptor`);
    return entry;
  });
  return { entries, raw };
}

/** Gives the entry of an image; what `raw` has besides is kept. */
export function indexEntry(image: IndexEntry['image'], raw: Json = {}): IndexEntry {
  const {
    [REF_NAME]: _name,
    [PULLED]: _pulled,
    [INDEX]: _index,
    ...others
  } = isObject(raw.annotations) ? raw.annotations : {};
  const annotations = {
    ...others,
    ...(image.name === undefined ? {} : { [REF_NAME]: image.name }),
    [PULLED]: image.pulled,
    ...(image.index === undefined ? {} : { [INDEX]: JSON.stringify(image.index) }),
  };
  const { mediaType, digest, size } = image.manifest;
  return { image, raw: { ...raw, mediaType, digest, size, platform: image.platform, annotations } };
}

/** Gives the file's text. */
export function formatIndex({ entries, raw }: IndexFile): string {
  return `${JSON.stringify({ ...raw, manifests: entries.map((entry) => entry.raw) }, null, 2)}\n`;
}
