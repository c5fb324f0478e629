import type { Digest } from '../store/digest.ts';

/** What a manifest or an index says about a blob; OCI image spec, descriptor.md. Checked: see manifest.ts. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** `linux/arm64/v8`; OCI image spec, image-index.md. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export type Compression = 'none' | 'gzip' | 'zstd';

/** A layer's blob, with what its media type says. */
export interface LayerDescriptor extends Descriptor {
  readonly compression: Compression;
}

/** OCI image manifest, and Docker's schema 2. */
export interface ImageManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** From the lowest up. */
  readonly layers: readonly LayerDescriptor[];
}

/** OCI image index, and Docker's manifest list. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/** OCI image spec, config.md; Docker's has the same members. */
export interface ImageConfig {
  readonly platform: Platform;
  /** RFC 3339, as written. */
  readonly created?: string;
  readonly author?: string;
  /** Of the uncompressed layers, from the lowest up. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
  readonly defaults: RunDefaults;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy?: string;
  readonly comment?: string;
  readonly emptyLayer: boolean;
}

/** What a command gets unless it is told otherwise: the `config` member. Empty lists where the image says nothing. */
export interface RunDefaults {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Unique names, in order. */
  readonly env: ReadonlyArray<readonly [name: string, value: string]>;
  readonly workingDir?: string;
  /** `USER[:GROUP]`, names or numbers, as written. */
  readonly user?: string;
  readonly stopSignal?: string;
  readonly volumes: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A reference that is complete: where it leads, and nothing left to guess. */
export interface Reference {
  /** `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** `library/debian`. */
  readonly repository: string;
  /** `bookworm`; undefined where only the digest was given. */
  readonly tag?: string;
  readonly digest?: Digest;
}
