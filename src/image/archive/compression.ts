import { closeSync, openSync, readSync } from 'node:fs';
import { blobPath } from '../../store/blobs.ts';
import type { Digest } from '../../store/digest.ts';

/** Gives what a layer's blob is compressed with, by its first bytes, as the end of its media type says it. */
export function compressionOf(store: string, digest: Digest): '' | '+gzip' | '+zstd' {
  const file = openSync(blobPath(store, digest), 'r');
  try {
    const start = Buffer.alloc(4);
    readSync(file, start);
    if (start.readUInt16BE(0) === 0x1f8b) return '+gzip';
    return start.readUInt32LE(0) === 0xfd2fb528 ? '+zstd' : '';
  } finally {
    closeSync(file);
  }
}
