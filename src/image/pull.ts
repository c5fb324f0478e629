import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { hasBlob, writeBlob } from '../store/blobs.ts';
import type { Digest } from '../store/digest.ts';
import type { BlobDescriptor, StoredImage } from '../store/image-index.ts';
import { layerKey } from '../store/layers.ts';
import { ensureImageStore } from '../store/layout.ts';
import { ImageError } from './error.ts';
import type { ImageHost } from './host.ts';
import type { InstallEvents } from './install/events.ts';
import { lockToAdd } from './install/lock.ts';
import { installImage } from './install.ts';
import { findStored, type LocalImage, openStored, readContent } from './local.ts';
import { parseManifest } from './manifest.ts';
import type { Platform, Reference } from './model.ts';
import { choosePlatform, platformText } from './platform.ts';
import { formatReference } from './reference.ts';
import { openRepository, type Repository } from './registry/repository.ts';

/** When the registry is asked: podman-run(1), `--pull`. */
export type PullPolicy =
  /** When the image is not here. */
  | 'missing'
  | 'always'
  | 'never'
  /** Always; but what is here will do when the registry does not answer. */
  | 'newer';

export interface PullEvents extends InstallEvents {
  readonly resolving: (name: string) => void;
}

export interface PullRequest {
  readonly reference: Reference;
  readonly platform: Platform;
  readonly policy: PullPolicy;
  /** Variables that name the configuration, the credentials and proxies. */
  readonly environment: NodeJS.ProcessEnv;
  readonly host: ImageHost;
  readonly events: PullEvents;
  readonly signal?: AbortSignal;
}

interface Configured extends PullRequest {
  readonly config: Config;
  readonly signal: AbortSignal;
}

/**
 * Gives an image that can be run: the one in the store, or what the registry says, as the policy wants. What the store has
 * of it is not downloaded again; an interrupted pull goes on where it stopped. Throws an ImageError or a StoreError.
 */
export async function pullImage(given: PullRequest): Promise<LocalImage> {
  const { reference, platform, policy, host } = given;
  const stored = findStored(host.store, reference, platform);
  const here = stored === undefined || asks(policy) ? undefined : openStored(host.store, stored, layerKey(host.ids));
  if (here !== undefined) return here;
  if (stored === undefined && policy === 'never') throw notHere(reference);
  const { signal = new AbortController().signal } = given;
  const request = { ...given, signal, config: await loadConfig(given.environment) };
  ensureImageStore(host.store);
  const lock = await lockToAdd(host.store, request.events, signal);
  try {
    return await pullLocked(request, stored);
  } finally {
    lock.release();
  }
}

const asks = (policy: PullPolicy): boolean => policy === 'always' || policy === 'newer';

function notHere(reference: Reference): ImageError {
  const name = formatReference(reference);
  return new ImageError('NO_IMAGE', `there is no image ${name} here, and --pull never forbids to ask its registry`, {
    hint: `get it with: sandbox image pull ${name}`,
  });
}

async function pullLocked(request: Configured, stored: StoredImage | undefined): Promise<LocalImage> {
  const { reference, policy, events } = request;
  if (stored !== undefined && !asks(policy)) {
    const image = await openOrUnpack(request, stored);
    if (image !== undefined) return image;
  }
  if (policy === 'never') throw notHere(reference);
  const name = formatReference(reference);
  events.resolving(name);
  const repository = openRepository(reference, {
    ...request,
    onWait: ({ because, milliseconds }) =>
      events.note(`${because.message}; trying again in ${Math.ceil(milliseconds / 1000)} s`),
  });
  try {
    return await pullFrom(repository, request, stored);
  } catch (error) {
    if (policy !== 'newer' || stored === undefined || !isUnreachable(error)) throw error;
    const image = await openOrUnpack(request, stored);
    if (image === undefined) throw error;
    events.note(`${name}: ${(error as Error).message}; using the image that is here`);
    return image;
  }
}

const isUnreachable = (error: unknown): boolean => error instanceof ImageError && error.code === 'REGISTRY';

/** An image of the store, unpacked again where it is not: for another id mapping, or after a power cut. */
async function openOrUnpack(request: Configured, stored: StoredImage): Promise<LocalImage | undefined> {
  const { host } = request;
  const image = openStored(host.store, stored, layerKey(host.ids));
  if (image !== undefined) return image;
  if (!hasBlob(host.store, stored.manifest)) return undefined;
  const { manifest } = readContent(host.store, stored.manifest.digest, stored.manifest.mediaType);
  if (![manifest.config, ...manifest.layers].every((blob) => hasBlob(host.store, blob))) return undefined;
  return await install(request, stored.manifest, stored.index, undefined);
}

async function pullFrom(
  repository: Repository,
  request: Configured,
  stored: StoredImage | undefined,
): Promise<LocalImage> {
  const { reference, platform, host, signal } = request;
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const isKnown = (digest: Digest): boolean => digest === stored?.manifest.digest || digest === stored?.index?.digest;
  // One short answer instead of the manifests, where nothing is new.
  const current = stored === undefined ? undefined : (reference.digest ?? (await repository.head(wanted, signal)));
  if (stored !== undefined && current !== undefined && isKnown(current)) {
    const image = await openOrUnpack(request, stored);
    if (image !== undefined) return image;
  }
  const top = await fetchManifest(repository, host.store, wanted, signal);
  if (top.parsed.kind === 'manifest') return await install(request, top.descriptor, undefined, repository);
  const chosen = choosePlatform(top.parsed, platform);
  const { parsed, descriptor } = await fetchManifest(repository, host.store, chosen.digest, signal);
  if (parsed.kind === 'index') {
    throw new ImageError('INVALID', `the image for ${platformText(platform)} is an index of images itself`);
  }
  return await install(request, descriptor, top.descriptor, repository);
}

async function fetchManifest(
  repository: Repository,
  store: string,
  wanted: string,
  signal: AbortSignal,
): Promise<{ parsed: ReturnType<typeof parseManifest>; descriptor: BlobDescriptor }> {
  const { bytes, mediaType } = await repository.manifest(wanted, signal);
  const parsed = parseManifest(bytes, mediaType);
  return { parsed, descriptor: { mediaType: parsed.mediaType, digest: writeBlob(store, bytes), size: bytes.length } };
}

async function install(
  { reference, platform, host, config, events, signal }: Configured,
  manifest: BlobDescriptor,
  index: BlobDescriptor | undefined,
  repository: Repository | undefined,
): Promise<LocalImage> {
  const image = await installImage(
    { names: [formatReference(reference)], manifest, ...(index === undefined ? {} : { index }) },
    {
      host,
      events,
      limit: config.unpackLimit,
      signal,
      ...(repository === undefined
        ? {}
        : { download: (descriptor, sink) => repository.downloadBlob(descriptor, sink) }),
    },
  );
  const { os, architecture } = image.config.platform;
  if (os !== platform.os || architecture !== platform.architecture) {
    events.note(`${image.name} is for ${platformText(image.config.platform)}, not for ${platformText(platform)}`);
  }
  return image;
}
