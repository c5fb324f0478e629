import type { HostFacts } from '../../../host/facts.ts';
import { surveyHost } from '../../../host/survey.ts';
import { ImageError } from '../../../image/error.ts';
import { type LocalImage, openStored } from '../../../image/local.ts';
import type { Reference } from '../../../image/model.ts';
import { hostPlatform, platformText } from '../../../image/platform.ts';
import { formatReference, parseReference } from '../../../image/reference.ts';
import { rootMapping } from '../../../plan/identity.ts';
import type { BaseImage } from '../../../project/build/model.ts';
import { ProjectError } from '../../../project/error.ts';
import type { Lock, LockedImage } from '../../../project/lock/lock.ts';
import type { Digest } from '../../../store/digest.ts';
import { readDanglingImages, readImages, type StoredImage } from '../../../store/images.ts';
import { layerKey } from '../../../store/layers.ts';
import { referenceTo } from '../../spec/find-image.ts';
import { resolveImage } from './resolve-image.ts';

export interface BaseWishes {
  readonly lock: Lock;
  /** What is not in the lock is refused. */
  readonly frozen: boolean;
  readonly quiet: boolean;
  /** The registry is asked what the name means now, whatever the lock says. */
  readonly update: boolean;
}

/**
 * Gives the image that an environment begins with, exactly the one of the lock where that has it, pulled where it is not
 * here; and what is to be locked of it. Throws a ProjectError (FROZEN, LOCK), an ImageError or a StoreError.
 */
export async function baseImage(
  unsafeName: string,
  { lock, frozen, quiet, update }: BaseWishes,
): Promise<{ readonly base: BaseImage; readonly locked: LockedImage }> {
  const facts = surveyHost();
  const reference = await referenceTo(unsafeName);
  const platform = platformText(hostPlatform(facts.arch));
  const locked = lock.images.get(unsafeName);
  const digest = locked?.platforms.get(platform);
  const isMeant = locked?.name === formatReference(reference);
  if (!update && locked !== undefined && digest !== undefined && isMeant) {
    const image = await imageOfLock(unsafeName, { locked, digest, facts, quiet });
    return { base: asBase(image, locked.name, platform), locked };
  }
  if (frozen) throw notLocked(unsafeName, formatReference(reference), locked, platform);
  const resolved = await resolveImage(reference, { facts, quiet, update });
  return { base: asBase(resolved.image, formatReference(reference), platform), locked: resolved.locked };
}

/** Whether layers of steps that are built here are byte by byte those of others: not where all files are root's. */
export function hasComparableLayers(facts: HostFacts): boolean {
  return facts.ids.kind === 'subordinate';
}

function asBase(image: LocalImage, name: string, platform: string): BaseImage {
  const { manifest, layers, config } = image;
  const { defaults, created } = config;
  return { name, manifest, layers, defaults, platform, ...(created === undefined ? {} : { created }) };
}

function notLocked(unsafeName: string, name: string, locked: LockedImage | undefined, platform: string): ProjectError {
  const shown = JSON.stringify(unsafeName);
  if (locked === undefined) {
    return new ProjectError('FROZEN', `the image ${shown} is not in sandbox.lock`, {
      hint: 'run `sandbox lock` and commit sandbox.lock',
    });
  }
  if (locked.name === name) {
    return new ProjectError('FROZEN', `the lock has no result for ${platform}: no image ${shown} of that platform`, {
      hint: `run \`sandbox lock\` on a machine of that kind (${platform})`,
    });
  }
  return new ProjectError(
    'FROZEN',
    `sandbox.lock has ${locked.name} for the image ${shown}, which means ${name} here`,
    {
      hint: 'write the full name in sandbox.toml where an alias of config.toml is meant, and run `sandbox lock`',
    },
  );
}

interface Wanted {
  readonly locked: LockedImage;
  /** Of the manifest for this platform. */
  readonly digest: Digest;
  readonly facts: HostFacts;
  readonly quiet: boolean;
}

/** The image of that digest: whatever it is called in the store, or else from its registry. */
async function imageOfLock(unsafeName: string, { locked, digest, facts, quiet }: Wanted): Promise<LocalImage> {
  const { store } = facts;
  const key = layerKey(rootMapping(facts));
  const same = ({ manifest }: Pick<StoredImage, 'manifest'>): boolean => manifest.digest === digest;
  const stored = readImages(store).find(same);
  const named = stored ?? readDanglingImages(store).find(same);
  const here = named && openStored(store, { ...named, name: locked.name }, key);
  if (here !== undefined) return here;
  const { registry, repository } = parseReference(locked.name);
  // By its own name, where it has one: that is unpacked from what is here.
  const reference: Reference =
    stored === undefined ? { registry, repository, digest: locked.index ?? digest } : parseReference(stored.name);
  const { pullWithProgress } = await import('../../image/pull-with-progress.ts');
  const platform = hostPlatform(facts.arch);
  const image = await pullWithProgress({ reference, platform, policy: 'missing', quiet, facts }).catch((error) => {
    throw withAdvice(error, unsafeName, reference);
  });
  if (image.manifest === digest) return image;
  throw new ProjectError(
    'LOCK',
    `${formatReference(reference)} has ${image.manifest} for ${platformText(platform)}, and sandbox.lock has ${digest}`,
    { hint: `sandbox.lock was edited by hand, or is damaged; \`sandbox lock --update ${unsafeName}\` writes it anew` },
  );
}

/** An image that the registry does not have: it never did, or has removed it since. Known by its code. */
function withAdvice(error: unknown, unsafeName: string, reference: Reference): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'NO_IMAGE') return error;
  return new ImageError(
    'NO_IMAGE',
    `sandbox.lock names ${formatReference(reference)}, which cannot be had: ${error.message}`,
    {
      hint: `an image that was only loaded (\`sandbox image load\`) has to be loaded here too, from the same archive. Else its registry has removed it: \`sandbox lock --update ${unsafeName}\` takes what the name means now`,
      cause: error,
    },
  );
}
