import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Content, contentFrom } from './content.ts';

/** What an image is made of. */
export interface ImageParts {
  /** From the lowest up: tar archives as they are, or compressed with gzip or zstd, which is seen from their first bytes. */
  readonly layers: readonly Buffer[];
  /** The `config` member of the config: Env, Cmd, User, … */
  readonly config?: Readonly<Record<string, unknown>>;
  /** `linux/amd64` if left out. */
  readonly platform?: string;
  /** Media types of Docker's schema 2. */
  readonly docker?: boolean;
  /** What is to be other than it should be. */
  readonly override?: {
    readonly manifest?: Readonly<Record<string, unknown>>;
    readonly config?: Readonly<Record<string, unknown>>;
    readonly diffIds?: readonly string[];
    readonly layerMediaType?: string;
    /** Sizes that the manifest gives for the layers. */
    readonly layerSizes?: readonly number[];
  };
}

export interface MadeImage {
  readonly manifest: Content;
  readonly config: Content;
  readonly layers: readonly Content[];
  readonly diffIds: readonly string[];
}

export type { Content };

const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};
const DOCKER: typeof OCI = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
  gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
};

function compressionOf(bytes: Buffer): 'layer' | 'gzip' | 'zstd' {
  if (bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return 'gzip';
  return bytes.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) ? 'zstd' : 'layer';
}

/** The diff id; of a layer that cannot be decompressed, that of its bytes. */
function diffId(bytes: Buffer): string {
  const kind = compressionOf(bytes);
  let tar = bytes;
  try {
    tar = kind === 'gzip' ? gunzipSync(bytes) : kind === 'zstd' ? zstdDecompressSync(bytes) : bytes;
  } catch {
    // A test of damaged layers.
  }
  return `sha256:${createHash('sha256').update(tar).digest('hex')}`;
}

function json(value: unknown, mediaType: string): Content {
  return contentFrom(Buffer.from(JSON.stringify(value)), mediaType);
}

function platformMembers(platform: string): Record<string, string> {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function makeImage(parts: ImageParts): MadeImage {
  const types = parts.docker === true ? DOCKER : OCI;
  const { override = {} } = parts;
  const layers = parts.layers.map((bytes) =>
    contentFrom(bytes, override.layerMediaType ?? types[compressionOf(bytes)]),
  );
  const diffIds = override.diffIds ?? parts.layers.map(diffId);
  const config = json(
    {
      created: '2024-01-01T00:00:00Z',
      ...platformMembers(parts.platform ?? 'linux/amd64'),
      config: parts.config ?? {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: parts.layers.map((_, index) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${index}` })),
      ...override.config,
    },
    types.config,
  );
  const descriptors = layers.map(({ mediaType, digest, size }, index) => ({
    mediaType,
    digest,
    size: override.layerSizes?.[index] ?? size,
  }));
  const manifest = json(
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, digest: config.digest, size: config.size },
      layers: descriptors,
      ...override.manifest,
    },
    types.manifest,
  );
  return { manifest, config, layers, diffIds };
}

export function makeIndex(images: ReadonlyArray<{ platform: string; image: MadeImage }>): Content {
  const manifests = images.map(({ platform, image: { manifest } }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.size,
    platform: platformMembers(platform),
  }));
  return json({ schemaVersion: 2, mediaType: OCI.index, manifests }, OCI.index);
}
