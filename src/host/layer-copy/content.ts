import { readSync, writeSync } from 'node:fs';
import { errnoNumber } from '../../linux/errno.ts';
import type { RangeCalls } from '../../linux/range-calls.ts';

const failed = (name: string): number => -(errnoNumber(name) ?? 0);
/** Another file system, or one that cannot: then bytes are read and written. */
const UNABLE: ReadonlySet<number> = new Set(['EXDEV', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EPERM'].map(failed));
const ENXIO = failed('ENXIO');

/** What the file systems of source and target have refused is not tried again for each file. */
export interface Abilities {
  clones: boolean;
  copies: boolean;
}

/** A call that failed for another reason than that it is not possible here: a full disk, an unreadable block. */
export class CopyFailure extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }
}

function checked(result: number): number {
  if (result < 0) throw new CopyFailure(-result);
  return result;
}

/**
 * Copies `size` bytes from one open file to another that is empty, holes as holes: the blocks themselves are shared where the
 * file system can (btrfs, xfs, bcachefs). Throws a CopyFailure, or what read(2) and write(2) of node:fs do.
 */
export function copyContent(
  calls: RangeCalls,
  source: number,
  target: number,
  size: number,
  abilities: Abilities,
  truncate: (descriptor: number, size: number) => number,
): void {
  if (size === 0) return;
  if (abilities.clones) {
    const cloned = calls.clone(source, target);
    if (cloned >= 0) return;
    if (!UNABLE.has(cloned)) throw new CopyFailure(-cloned);
    abilities.clones = false;
  }
  // First of all, since what comes after writes into it: the end may be a hole.
  checked(truncate(target, size));
  for (let offset = 0; offset < size; ) {
    const start = calls.nextData(source, offset);
    if (start === ENXIO) return;
    // A file system that knows no holes has one piece of data.
    const from = start < 0 ? offset : start;
    const end = start < 0 ? size : checked(calls.nextHole(source, from));
    copyPiece(calls, source, target, from, end, abilities);
    offset = end;
  }
}

function copyPiece(
  calls: RangeCalls,
  source: number,
  target: number,
  from: number,
  end: number,
  abilities: Abilities,
): void {
  let position = from;
  checked(calls.seek(source, from));
  checked(calls.seek(target, from));
  while (abilities.copies && position < end) {
    const copied = calls.copy(source, target, end - position);
    if (copied < 0 && UNABLE.has(copied)) abilities.copies = false;
    // Cut off while it is read.
    else if (checked(copied) === 0) return;
    else position += copied;
  }
  const chunk = Buffer.allocUnsafe(Math.min(end - position, 1 << 20));
  while (position < end) {
    const length = readSync(source, chunk, 0, Math.min(chunk.length, end - position), position);
    if (length === 0) return;
    for (let at = 0; at < length; ) at += writeSync(target, chunk, at, length - at, position + at);
    position += length;
  }
}
