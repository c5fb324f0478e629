import type { Arch } from '../linux/arch.ts';
import { ImageError } from './error.ts';
import { isIndexType, isManifestType } from './media-type.ts';
import type { Descriptor, ImageIndex, Platform } from './model.ts';
import { plainText, shownText } from './unsafe-text.ts';

/* Names and variants as containerd's platforms package has them (database.go), which docker and podman share. */

const ARCHITECTURES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  i486: ['386'],
  i686: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};
/** The variant that is meant where none is written; it is left out in a Platform. */
const USUAL_VARIANT: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };
/** Processors run programs of the older variants. */
const RUNS_OLDER: Readonly<Record<string, readonly string[]>> = { arm: ['v8', 'v7', 'v6', 'v5'] };
const KNOWN_ARCHITECTURES: readonly string[] = [
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips64le',
  'ppc64le',
  'riscv64',
  's390x',
];
const WORD = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

/** Takes the three members as an image or a person writes them and gives the platform by its usual names. */
export function normalPlatform(os: string, architecture: string, variant?: string): Platform {
  const written = architecture.toLowerCase();
  const [name, implied] = (Object.hasOwn(ARCHITECTURES, written) && ARCHITECTURES[written]) || [written];
  const given = (variant || implied || '').toLowerCase().replace(/^(\d)/, 'v$1');
  const kept = given === '' || given === USUAL_VARIANT[name] ? undefined : given;
  return { os: os.toLowerCase(), architecture: name, ...(kept === undefined ? {} : { variant: kept }) };
}

/** Takes `linux/arm64`, `linux/arm/v7` or only `arm64` and gives the platform. Throws an ImageError 'REFERENCE'. */
export function parsePlatform(unsafeText: string): Platform {
  const parts = unsafeText.toLowerCase().split('/');
  const refuse = (why: string): ImageError =>
    new ImageError('REFERENCE', `${shownText(unsafeText)} is no platform: ${why}`, {
      hint: 'write linux/ARCHITECTURE or linux/ARCHITECTURE/VARIANT: linux/amd64, linux/arm64, linux/arm/v7',
    });
  if (parts.length > 3 || !parts.every((part) => WORD.test(part))) throw refuse('it is not OS/ARCHITECTURE[/VARIANT]');
  const [os, architecture, variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  if (os === undefined || architecture === undefined) throw refuse('an architecture is missing');
  const platform = normalPlatform(os, architecture, variant);
  if (platform.os !== 'linux') throw refuse('only images for linux can be run');
  if (!KNOWN_ARCHITECTURES.includes(platform.architecture)) throw refuse(`there is no architecture ${architecture}`);
  return platform;
}

/** Gives the platform whose programs this machine runs. */
export function hostPlatform(arch: Arch): Platform {
  return { os: 'linux', architecture: arch === 'x86_64' ? 'amd64' : 'arm64' };
}

/** `linux/arm/v7` */
export function platformText({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The variants that do for the wanted platform, the best first. */
function acceptable({ architecture, variant }: Platform): ReadonlyArray<string | undefined> {
  const usual = USUAL_VARIANT[architecture];
  const order = RUNS_OLDER[architecture] ?? [];
  const from = order.indexOf(variant ?? usual ?? '');
  const older = from === -1 ? [] : order.slice(from + 1);
  return [variant, ...older.map((each) => (each === usual ? undefined : each))];
}

/** Signatures, attestations and artifacts have a place in an index, but are nothing to run. */
function isImage({ mediaType, platform }: Descriptor): boolean {
  return (isManifestType(mediaType) || isIndexType(mediaType)) && platform?.os !== 'unknown';
}

/**
 * Gives the entry of an index that is for the platform: the first of the best variant. An index with one image whose
 * platform it does not say gives that: the image's config will tell. Throws an ImageError 'NO_IMAGE' with what there is.
 */
export function choosePlatform(index: ImageIndex, wanted: Platform): Descriptor {
  const images = index.manifests.filter(isImage);
  for (const variant of acceptable(wanted)) {
    const found = images.find(
      ({ platform }) =>
        platform?.os === wanted.os && platform.architecture === wanted.architecture && platform.variant === variant,
    );
    if (found !== undefined) return found;
  }
  const [only] = images;
  if (images.length === 1 && only !== undefined && only.platform === undefined) return only;
  const there = new Set(images.flatMap(({ platform }) => (platform === undefined ? [] : [platformText(platform)])));
  const runnable = [...there].find((text) => text.startsWith('linux/'));
  throw new ImageError('NO_IMAGE', `the image is not made for ${platformText(wanted)}`, {
    hint:
      there.size === 0
        ? 'its index lists no image at all'
        : `it is there for ${plainText([...there].join(', '), 400)}${
            runnable === undefined
              ? ''
              : `: name one with \`--platform\` (another processor's needs qemu-user on this machine)`
          }`,
  });
}
