import type { HostFacts } from '../../../host/facts.ts';
import type { LocalImage } from '../../../image/local.ts';
import { parseManifest } from '../../../image/manifest.ts';
import type { ImageIndex, Reference } from '../../../image/model.ts';
import { choosePlatform, hostPlatform, parsePlatform, platformText } from '../../../image/platform.ts';
import { formatReference, parseReference } from '../../../image/reference.ts';
import type { LockedImage, PlatformText } from '../../../project/lock/lock.ts';
import { hasBlob, readBlob } from '../../../store/blobs.ts';
import type { Digest } from '../../../store/digest.ts';
import { readImages } from '../../../store/images.ts';

/** Those that `sandbox` itself is made for. */
const LOCKED_PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

export interface ResolveOptions {
  readonly facts: HostFacts;
  readonly quiet: boolean;
  /** The registry is asked, even where the store has the image. */
  readonly update: boolean;
}

/**
 * Gives the image that a name means now, pulled where it is not here, and what is to be locked of it: the digest of the index
 * and those of its manifests for both processors. Throws an ImageError or a StoreError.
 */
export async function resolveImage(
  reference: Reference,
  { facts, quiet, update }: ResolveOptions,
): Promise<{ readonly image: LocalImage; readonly locked: LockedImage }> {
  const { pullWithProgress } = await import('../../image/pull-with-progress.ts');
  const platform = hostPlatform(facts.arch);
  // Names of images that no registry has: what podman gives to those that are built.
  const asks = update && reference.registry !== 'localhost';
  const policy = asks ? 'always' : 'missing';
  const image = await pullWithProgress({ reference, platform, policy, quiet, facts });
  const name = formatReference(reference);
  const own = platformText(platform);
  const found = await indexOf(image, facts.store);
  const platforms = new Map<PlatformText, Digest>([...(found?.platforms ?? []), [own, image.manifest]]);
  return { image, locked: { name, ...(found === undefined ? {} : { index: found.digest }), platforms } };
}

interface FoundIndex {
  readonly digest: Digest;
  readonly platforms: ReadonlyMap<PlatformText, Digest>;
}

/** The index that an image of the store was chosen from. */
async function indexOf(image: LocalImage, store: string): Promise<FoundIndex | undefined> {
  const stored = readImages(store).find(
    ({ name, manifest }) => name === image.name && manifest.digest === image.manifest,
  );
  const index = stored?.index;
  if (index === undefined) return undefined;
  const bytes = hasBlob(store, index) ? readBlob(store, index.digest) : await fetchIndex(image.name, index.digest);
  const parsed = bytes && parseManifest(bytes, index.mediaType);
  if (parsed?.kind !== 'index') return { digest: index.digest, platforms: new Map() };
  return { digest: index.digest, platforms: manifestsOf(parsed) };
}

function manifestsOf(index: ImageIndex): Map<PlatformText, Digest> {
  const platforms = new Map<PlatformText, Digest>();
  for (const platform of LOCKED_PLATFORMS) {
    try {
      platforms.set(platform, choosePlatform(index, parsePlatform(platform)).digest);
    } catch (error) {
      // Not made for it.
      if (!(error instanceof Error && 'code' in error && error.code === 'NO_IMAGE')) throw error;
    }
  }
  return platforms;
}

/** An index that was garbage here; undefined where the registry does not give it either: its digest alone says enough. */
async function fetchIndex(name: string, digest: Digest): Promise<Buffer | undefined> {
  const [{ openRepository }, { loadConfig }] = await Promise.all([
    import('../../../image/registry/repository.ts'),
    import('../../../config/load.ts'),
  ]);
  const { env: environment } = process;
  const repository = openRepository(parseReference(name), { config: await loadConfig(environment), environment });
  try {
    return (await repository.manifest(digest, AbortSignal.timeout(30_000))).bytes;
  } catch {
    return undefined;
  }
}
