import type { TarEntry } from '../../../../src/image/unpack/tar/entry.ts';
import { TarReader } from '../../../../src/image/unpack/tar/reader.ts';

/** An entry with its content, holes as zeros. */
export interface ReadEntry extends TarEntry {
  readonly content: Buffer;
}

/** Reads a whole archive that is given in pieces, whose sizes repeat. */
export function readArchive(bytes: Buffer, sizes: readonly number[] = [bytes.length || 1]): ReadEntry[] {
  const entries: ReadEntry[] = [];
  let finished = 0;
  const reader = new TarReader({
    entry: (entry) => {
      if (finished !== entries.length) throw new Error('an entry begins before the last one has ended');
      entries.push({ ...entry, content: Buffer.alloc(entry.size) });
    },
    data: (chunk, start, end, position) => {
      const last = entries.at(-1);
      if (last === undefined || position + end - start > last.size) throw new Error('data beyond the end of a file');
      chunk.copy(last.content, position, start, end);
    },
    finish: () => {
      finished += 1;
    },
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  reader.end();
  if (finished !== entries.length) throw new Error('an entry has not ended');
  return entries;
}
