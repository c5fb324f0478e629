import type { BlobId } from '../../store/blobs.ts';

/** What an archive has, however it is packed. Names are those of its members. */
export interface ArchiveContent {
  /** How it is called in errors. */
  readonly shown: string;
  /** Gives the bytes of a document at the archive's top, undefined where it has none of that name. */
  document(unsafeName: string): Buffer | undefined;
  /** Gives the digest and size of a member, links followed; undefined where there is none of that name. */
  member(unsafeName: string): BlobId | undefined;
  /** Brings a blob into the store, verified. Throws an ImageError where the archive lacks it or it is damaged. */
  store(blob: BlobId): Promise<void>;
  /** Removes what was gathered and not stored. */
  close(): void;
}

/** The documents at the top of an archive that say what it has. */
export const DOCUMENTS: readonly string[] = ['index.json', 'manifest.json', 'oci-layout', 'version'];

/** Larger ones are refused: a list of ten thousand images is shorter. */
export const MOST_DOCUMENT_BYTES = 4 * 1024 * 1024;

/**
 * Takes a name as it stands in an archive and gives the same file's name in its plain form: `./a//b/../c` is `a/c`. For
 * looking up what the archive has; no file of the host is ever called so. Undefined where it leads out of the archive.
 */
export function plainName(unsafeName: string): string | undefined {
  const parts: string[] = [];
  for (const part of unsafeName.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
