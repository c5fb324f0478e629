import { isRegistryName, isRepositoryName } from '../config/registry-name.ts';
import { parseDigest } from '../store/digest.ts';
import { ImageError } from './error.ts';
import type { Reference } from './model.ts';
import { type Aliases, shortName, splitName } from './short-name.ts';
import { shownText } from './unsafe-text.ts';

/*
 * The grammar of github.com/distribution/reference (config/registry-name.ts, reference.go), which docker and podman follow:
 *   [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]
 */

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** Such a name is refused, since it is easily taken for an image's identifier. */
const IDENTIFIER = /^(?:library\/)?[a-f0-9]{64}$/;
const MOST_CHARACTERS = 255;
const DEFAULT_TAG = 'latest';

function refused(unsafeText: string, why: string, hint: string): ImageError {
  return new ImageError('REFERENCE', `${shownText(unsafeText)} is no image reference: ${why}`, { hint });
}

/** Takes apart what stands after the name; a colon before the last slash belongs to a port. */
function splitSuffixes(unsafeText: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = unsafeText.indexOf('@');
  const digest = at === -1 ? undefined : unsafeText.slice(at + 1);
  const rest = at === -1 ? unsafeText : unsafeText.slice(0, at);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  if (colon === -1) return { name: rest, tag: undefined, digest };
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

/**
 * Takes what a person typed, `ubuntu`, `quay.io/centos/centos:stream9`, `NAME@sha256:…`, and gives the complete reference:
 * without a registry docker.io is meant, without a tag and a digest `latest`. Throws an ImageError 'REFERENCE'.
 */
export function parseReference(unsafeText: string, { aliases }: { readonly aliases?: Aliases } = {}): Reference {
  const example = 'write NAME, NAME:TAG, NAME@sha256:… or REGISTRY/NAME:TAG';
  if (unsafeText === '') throw refused(unsafeText, 'it is empty', example);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(unsafeText)) {
    throw refused(unsafeText, 'it is a URL', `write only what stands after \`://\`: REGISTRY/NAME:TAG`);
  }
  const unsafe = splitSuffixes(unsafeText);
  const { registry, repository } = splitName(unsafe.name, aliases);
  if (!isRegistryName(registry)) {
    throw refused(unsafeText, `${shownText(registry)} cannot be a registry`, 'a registry is HOST or HOST:PORT');
  }
  if (!isRepositoryName(repository)) {
    if (/[A-Z]/.test(repository) && isRepositoryName(repository.toLowerCase())) {
      throw refused(unsafeText, 'names of images are in lower case', `did you mean ${unsafe.name.toLowerCase()}?`);
    }
    if (repository.length > MOST_CHARACTERS) throw refused(unsafeText, 'the name has over 255 characters', example);
    throw refused(unsafeText, `${shownText(repository)} cannot be a name`, example);
  }
  if (IDENTIFIER.test(repository)) {
    throw refused(unsafeText, 'a name cannot be 64 hexadecimal digits', 'for a digest, write NAME@sha256:…');
  }
  if (unsafe.tag !== undefined && !TAG.test(unsafe.tag)) {
    const rule = 'a tag has up to 128 letters, digits, and _ . - (not at its start)';
    throw refused(unsafeText, `${shownText(unsafe.tag)} cannot be a tag`, rule);
  }
  if (unsafe.digest === undefined) return { registry, repository, tag: unsafe.tag ?? DEFAULT_TAG };
  const digest = parseDigest(unsafe.digest);
  if (digest === undefined) {
    const rule = 'a digest is sha256: and 64 hexadecimal digits in lower case (or sha512: and 128)';
    throw refused(unsafeText, `${shownText(unsafe.digest)} is no digest`, rule);
  }
  return unsafe.tag === undefined
    ? { registry, repository, digest }
    : { registry, repository, tag: unsafe.tag, digest };
}

function suffixes({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Gives the full name, `docker.io/library/ubuntu:latest`; parseReference gives the same reference for it. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffixes(reference)}`;
}

/** Gives the name as people write it, `ubuntu:latest`, `quay.io/centos/centos:stream9`. */
export function familiarName(reference: Reference): string {
  return shortName(reference.registry, reference.repository) + suffixes(reference);
}
