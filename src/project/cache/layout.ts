import { OCI_CONFIG, OCI_MANIFEST } from '../../image/media-type.ts';
import { type BlobDescriptor, REF_NAME } from '../../store/image-index.ts';
import type { CacheEnvironment } from './cache.ts';

/* What is written into a cache, and found there again: OCI image spec, manifest.md, config.md and annotations.md. */

export const LAYER = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** Of a layer's descriptor: the key that the step's result has, and the step's name. */
export const STEP_KEY = 'sandbox.step.key';
export const STEP_NAME = 'sandbox.step.name';
/** Of an index's entry: whose environment it is. */
export const PROJECT = 'sandbox.project';
const ENVIRONMENT = 'sandbox.environment';
const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';

/** A layer's blob, which the cache has. */
export interface LayerBlob {
  readonly digest: string;
  readonly size: number;
}

function platformOf(text: string): { os: string; architecture: string; variant?: string } {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** The config of an environment's image; the base image's own layers are not in it. */
export function configOf({ base, layers }: CacheEnvironment): Buffer {
  const created = base.created === undefined ? {} : { created: base.created };
  return Buffer.from(
    JSON.stringify({
      ...created,
      ...platformOf(base.platform),
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ name }) => ({ ...created, created_by: name })),
    }),
  );
}

export function manifestOf(
  { base, layers, project, environment }: CacheEnvironment,
  config: BlobDescriptor,
  blobs: readonly LayerBlob[],
): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: config.digest, size: config.size },
      layers: layers.map(({ key, name }, at) => ({
        mediaType: LAYER,
        digest: blobs[at]?.digest,
        size: blobs[at]?.size,
        annotations: { [STEP_KEY]: key, [STEP_NAME]: name },
      })),
      annotations: {
        [BASE_NAME]: base.name,
        [BASE_DIGEST]: base.manifest,
        [PROJECT]: project,
        [ENVIRONMENT]: environment,
      },
    }),
  );
}

/** The index's entry of an environment. */
export function entryOf({ base, project, environment }: CacheEnvironment, manifest: BlobDescriptor): object {
  const tag = `${project}-${environment}`.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return {
    mediaType: OCI_MANIFEST,
    digest: manifest.digest,
    size: manifest.size,
    platform: platformOf(base.platform),
    annotations: { [REF_NAME]: tag, [PROJECT]: project, [ENVIRONMENT]: environment },
  };
}

/** Whether an entry of an index, as it was read, is that of the same environment for the same platform. */
export function isSameEnvironment(unsafeEntry: unknown, { base, project, environment }: CacheEnvironment): boolean {
  const { annotations, platform } = (unsafeEntry ?? {}) as { annotations?: unknown; platform?: unknown };
  const { [PROJECT]: ofProject, [ENVIRONMENT]: name } = (annotations ?? {}) as Record<string, unknown>;
  const { os, architecture, variant } = (platform ?? {}) as Record<string, unknown>;
  const text = [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
  return ofProject === project && name === environment && text === base.platform;
}
