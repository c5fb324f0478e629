import { readInto } from './open.ts';

const CHUNK = 256 * 1024;

/** Gives where two open files differ first, from their positions on; undefined where they do not. `path`: for errors. */
export function firstDifference(a: number, b: number, path: string): number | undefined {
  const [first, second] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
  for (let position = 0; ; ) {
    const length = fill(a, first, path);
    const other = fill(b, second, path);
    if (first.compare(second, 0, other, 0, length) !== 0) {
      const most = Math.min(length, other);
      for (let at = 0; at < most; at++) if (first[at] !== second[at]) return position + at;
      return position + most;
    }
    if (length < CHUNK) return undefined;
    position += length;
  }
}

function fill(file: number, buffer: Buffer, path: string): number {
  let filled = 0;
  for (let size = -1; size !== 0 && filled < CHUNK; filled += Math.max(size, 0))
    size = readInto(file, buffer, filled, CHUNK, path);
  return filled;
}
