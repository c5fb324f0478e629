import { DomainError } from '../domain-error.ts';

/** What went wrong with an image. */
export type ImageErrorCode =
  /** A reference, platform, digest or option that is not well-formed. */
  | 'REFERENCE'
  /** There is no such image, tag, digest or platform: in the registry, or in the store with `--pull never`. */
  | 'NO_IMAGE'
  /** The registry refused: 401, 403, rate limits. */
  | 'DENIED'
  /** The registry could not be reached, or did not answer as a registry does. */
  | 'REGISTRY'
  /** What was received is not what its digest, size or media type says. */
  | 'CORRUPT'
  /** A manifest, config or archive that says something that it must not, or that we do not support. */
  | 'INVALID'
  /** A layer that cannot be unpacked: a hostile or damaged archive, a full disk. */
  | 'UNPACK'
  /** A tree that no layer can be made of, or that cannot be read. */
  | 'PACK'
  /** Credentials that cannot be read or stored. */
  | 'CREDENTIALS';

/** An image that cannot be had as asked. `hint` says what to do about it. */
export class ImageError extends DomainError<ImageErrorCode> {
  override readonly name = 'ImageError';
}
