import { DomainError } from '../../domain-error.ts';
import { ImageError } from '../error.ts';

/** What of an archive failed. */
export type ArchiveErrorCode =
  /** The file or directory cannot be read. */
  | 'INPUT'
  /** The archive cannot be written where it is to be. */
  | 'OUTPUT';

/** An archive that cannot be read or written. What one says wrongly is an ImageError. */
export class ArchiveError extends DomainError<ArchiveErrorCode> {
  override readonly name = 'ArchiveError';
}

/** An archive in which something is missing or not what its digest says. */
export function corrupt(archive: string, why: string, cause?: unknown): ImageError {
  return new ImageError('CORRUPT', `${archive} is damaged: ${why}`, {
    hint: 'make it again, or copy it again: it may have been cut off',
    cause,
  });
}

/** An archive that is whole, but says something that it must not. */
export function invalidArchive(archive: string, why: string, hint?: string): ImageError {
  return new ImageError('INVALID', `${archive} is no image archive: ${why}`, {
    hint: hint ?? 'an archive is made by `podman save`, `docker save`, `skopeo copy` or `sandbox save`',
  });
}
