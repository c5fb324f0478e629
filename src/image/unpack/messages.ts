import { type Digest, parseDigest } from '../../store/digest.ts';
import type { Compression } from '../model.ts';

/*
 * What the command's own process and the unpacking one in the user namespace say to each other: a JSON object a line. Paths
 * are byte strings (linux/bytes.ts), whose lone surrogates JSON writes as escapes.
 */

/** A layer to be unpacked. */
export interface UnpackRequest {
  /** Path of the blob; it may be growing. */
  readonly source: string;
  /** Bytes of the whole blob, and of what there is now. */
  readonly size: number;
  readonly available: number;
  readonly compression: Compression;
  /** Digest of the uncompressed archive. */
  readonly diffId: Digest;
  /** Absolute path of the directory to make; what it is to lie in exists. */
  readonly target: string;
  /** Largest size of the uncompressed archive, bytes. */
  readonly limit: number;
}

/** What came of it. */
export interface Unpacked {
  /** Directories without an entry of their own, hard links to files that are not in the layer, or an opaque root. */
  readonly reliesOnLower: boolean;
  /** Of the uncompressed archive. */
  readonly bytes: number;
  readonly entries: number;
}

export interface SettleRequest {
  readonly target: string;
  /** Trees of the layers below, from the uppermost down. */
  readonly lower: readonly string[];
}

export type Request =
  | ({ readonly kind: 'unpack'; readonly id: number } & UnpackRequest)
  /** So much of the blob is there now. */
  | { readonly kind: 'grown'; readonly id: number; readonly available: number }
  /** The blob is written anew from its start. */
  | { readonly kind: 'restarted'; readonly id: number }
  | { readonly kind: 'abort'; readonly id: number }
  | ({ readonly kind: 'settle'; readonly id: number } & SettleRequest)
  /** The last request: write everything to the disk, remove these files, and end. */
  | { readonly kind: 'sync'; readonly paths: readonly string[] };

export type Reply =
  | { readonly kind: 'progress'; readonly id: number; readonly read: number }
  | ({ readonly kind: 'unpacked'; readonly id: number } & Unpacked)
  | { readonly kind: 'settled'; readonly id: number; readonly changed: boolean }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

/** An error on its way between the processes. */
export interface Failure {
  readonly code: 'UNPACK' | 'CORRUPT';
  readonly message: string;
  readonly hint?: string;
}

/** Cuts a stream of text into lines; the rest waits for what follows. */
export class Lines {
  #rest = '';

  *add(text: string): Generator<string> {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    yield* lines;
  }
}

/**
 * Takes a line that the other process wrote. Both are the same program, so what is wrong with a line is a bug: it only has to
 * be an object with a kind. The digest decides what becomes visible, and is looked at all the same.
 */
export function parseMessage<Message extends Request | Reply>(line: string): Message {
  const message: unknown = JSON.parse(line);
  if (typeof message !== 'object' || message === null || !('kind' in message))
    throw new TypeError(`not a message: ${line.slice(0, 200)}`);
  if ('diffId' in message && parseDigest(message.diffId) === undefined) throw new TypeError('not a digest');
  return message as Message;
}
