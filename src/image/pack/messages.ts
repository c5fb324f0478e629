import type { Digest } from '../../store/digest.ts';

/*
 * What the command's own process and the sealing one in the user namespace say to each other: a JSON object a line. Paths are
 * byte strings (linux/bytes.ts), whose lone surrogates JSON writes as escapes.
 */

/** An upper directory that is to become a layer. */
export interface SealRequest {
  /** Absolute path of the upper directory, which nothing uses any more. */
  readonly upper: string;
  /** All trees that lay below it, from the uppermost down: what they show alone tells what is a change. */
  readonly lowers: readonly string[];
  /** Absolute paths inside, of directories and files that were made for something to be mounted on. */
  readonly ownPlaces: readonly string[];
  /** Seconds since 1970: later times become this one. */
  readonly epoch: number;
  /** Absolute path that the tree gets, on the same file system; nothing is there. */
  readonly target: string;
  /** Largest size of the archive, bytes. */
  readonly limit: number;
}

/** The layer that came of it. */
export interface Sealed {
  readonly diffId: Digest;
  /** Of the archive. */
  readonly bytes: number;
  /** Of the archive. */
  readonly entries: number;
}

/** A layer whose archive is to be written to a file. */
export interface ArchiveRequest {
  readonly tree: string;
  /** What the archive is verified against. */
  readonly diffId: Digest;
  /** Absolute path of the file to make. */
  readonly target: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/** The file. */
export interface Archived {
  readonly digest: Digest;
  readonly size: number;
}

export interface CompareRequest {
  /** Trees of two layers. */
  readonly a: string;
  readonly b: string;
}

/** In what a path differs. */
export type Aspect = 'kind' | 'content' | 'target' | 'mode' | 'owner' | 'time' | 'xattr' | 'missing' | 'added';

/** A path that is not the same in two trees. */
export interface TreeDifference {
  /** Relative, a byte string; empty: the root. */
  readonly path: string;
  /** `missing`: only in the first; `added`: only in the second. */
  readonly aspect: Aspect;
  /** What it is in the first and in the second: for people. */
  readonly a?: string;
  readonly b?: string;
}

export interface Comparison {
  /** In the order of the archive, the first of them. */
  readonly differences: readonly TreeDifference[];
  /** Of all. */
  readonly count: number;
}

export type Request =
  | ({ readonly kind: 'seal'; readonly id: number } & SealRequest)
  | ({ readonly kind: 'archive'; readonly id: number } & ArchiveRequest)
  | ({ readonly kind: 'compare'; readonly id: number } & CompareRequest)
  /** The last request: write everything to the disk, remove these files, and end. */
  | { readonly kind: 'sync'; readonly paths: readonly string[] };

export type Reply =
  | ({ readonly kind: 'sealed'; readonly id: number } & Sealed)
  | ({ readonly kind: 'archived'; readonly id: number } & Archived)
  | ({ readonly kind: 'compared'; readonly id: number } & Comparison)
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

/** An error on its way between the processes. */
export interface Failure {
  readonly code: 'PACK' | 'CORRUPT';
  readonly message: string;
  readonly hint?: string;
}

/** Takes a line that the other process wrote: both are the same program. */
export function parseMessage<Message extends Request | Reply>(line: string): Message {
  const message: unknown = JSON.parse(line);
  if (typeof message !== 'object' || message === null || !('kind' in message))
    throw new TypeError(`not a message: ${line.slice(0, 200)}`);
  return message as Message;
}
