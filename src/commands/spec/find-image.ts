import { surveyHost } from '../../host/survey.ts';
import { ImageError } from '../../image/error.ts';
import { findImage, type LocalImage, openStored, readContent } from '../../image/local.ts';
import type { Platform, Reference, RunDefaults } from '../../image/model.ts';
import { hostPlatform, parsePlatform } from '../../image/platform.ts';
import type { PullPolicy } from '../../image/pull.ts';
import { formatReference, parseReference } from '../../image/reference.ts';
import { rootMapping } from '../../plan/identity.ts';
import { parseDigest } from '../../store/digest.ts';
import { readImages, type StoredImage } from '../../store/images.ts';
import { layerKey } from '../../store/layers.ts';
import { referencesOf } from '../../store/references.ts';
import { note } from '../../ui/output.ts';
import { NO_DEFAULTS } from './image-defaults.ts';
import { ownConfig } from './own-config.ts';
import type { Root } from './root.ts';

export interface ImageWishes {
  readonly platform: string | undefined;
  readonly pull: PullPolicy | undefined;
  readonly quiet: boolean;
}

/** So many digits of a digest are no name of an image any more, unless somebody chose it to annoy. */
const ID = /^(?:sha256:)?([0-9a-f]{12,64})$/;

/** Takes what was typed and gives the image of the store whose id starts so: the digest of its config or its manifest. */
function byId(store: string, unsafeName: string): StoredImage | undefined {
  const hex = ID.exec(unsafeName)?.[1];
  if (hex === undefined) return undefined;
  const images = readImages(store);
  const starts = (digest: string | undefined): boolean =>
    digest?.slice(digest.indexOf(':') + 1).startsWith(hex) === true;
  return (
    images.find(({ manifest }) => starts(manifest.digest)) ??
    images.find(({ manifest }) => starts(referencesOf(store, manifest.digest).blobs[1]))
  );
}

/** Takes an image as it was typed and gives the complete reference, aliases of the configuration resolved. */
export async function referenceTo(unsafeName: string): Promise<Reference> {
  const { aliases } = await ownConfig();
  return parseReference(unsafeName, { aliases });
}

/** Gives the full name, and the last part of the repository's. */
export async function nameOfImage(unsafeName: string): Promise<{ full: string; short: string }> {
  const reference = await referenceTo(unsafeName);
  const { repository } = reference;
  return { full: formatReference(reference), short: repository.slice(repository.lastIndexOf('/') + 1) };
}

function rootFrom({ name, manifest, layers, config }: LocalImage): Extract<Root, { kind: 'image' }> {
  return { kind: 'image', rootfs: { kind: 'image', name, manifest, layers }, defaults: config.defaults };
}

/**
 * Takes an image as it was typed and gives it, pulled where that was needed. Where it is here and nobody asked for a newer one,
 * no more than a few small files are read. Throws an ImageError or a StoreError, and PullInterrupted.
 */
export async function imageRoot(unsafeName: string, wishes: ImageWishes): Promise<Extract<Root, { kind: 'image' }>> {
  const facts = surveyHost();
  const key = layerKey(rootMapping(facts));
  const stored = byId(facts.store, unsafeName);
  const local = stored && openStored(facts.store, stored, key);
  if (local !== undefined) return rootFrom(local);
  const reference = stored === undefined ? await referenceTo(unsafeName) : parseReference(stored.name);
  const platform: Platform = wishes.platform === undefined ? hostPlatform(facts.arch) : parsePlatform(wishes.platform);
  const policy = wishes.pull ?? 'missing';
  if (policy === 'missing' || policy === 'never') {
    const found = findImage(facts.store, reference, { platform, layerKey: key });
    if (found !== undefined) return rootFrom(found);
  }
  const { pullWithProgress } = await import('../image/pull-with-progress.ts');
  return rootFrom(await pullWithProgress({ reference, platform, policy, quiet: wishes.quiet, facts }));
}

/** Gives what the image of a kept sandbox says about commands: its blobs stay as long as the sandbox does. */
export function defaultsOfKept(store: string, unsafeManifest: string): RunDefaults {
  const digest = parseDigest(unsafeManifest);
  try {
    if (digest === undefined) throw new ImageError('INVALID', `${unsafeManifest} is no digest`);
    return readContent(store, digest).config.defaults;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    note(`what the image says about commands is lost, and defaults are used: ${error.message}`);
    return NO_DEFAULTS;
  }
}
