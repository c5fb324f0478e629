import { gunzipSync } from 'node:zlib';

const BLOCK = 512;

/**
 * Gives the content of the one file `path` (as `package/bin/node`) of a gzipped tar archive as npm makes them: regular
 * ustar entries with short names, see tar(5). Throws where the archive does not hold it.
 */
export function readTarballFile(archive: Buffer, path: string): Buffer {
  const tar = gunzipSync(archive);
  for (let offset = 0; offset + BLOCK <= tar.length; ) {
    const name = text(tar, offset, 100);
    const prefix = text(tar, offset + 345, 155);
    const size = Number.parseInt(text(tar, offset + 124, 12), 8) || 0;
    const start = offset + BLOCK;
    if ((prefix === '' ? name : `${prefix}/${name}`) === path) return tar.subarray(start, start + size);
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error(`the package archive has no file ${path}`);
}

function text(buffer: Buffer, start: number, length: number): string {
  const end = buffer.indexOf(0, start);
  return buffer.toString('utf8', start, end === -1 ? start + length : Math.min(end, start + length)).trim();
}
