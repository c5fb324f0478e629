import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';

const CHUNK = 1024 * 1024;

/** Gives the files of a layout's directory by their names in it: documents first, then blobs, each sorted. */
export function filesBelow(path: string): Array<{ readonly name: string; readonly size: number }> {
  const blobs = readdirSync(fsPath(`${path}/blobs/sha256`)).sort();
  const names = ['oci-layout', 'index.json', ...blobs.map((hex) => `blobs/sha256/${hex}`)];
  return names.map((name) => ({ name, size: statSync(fsPath(`${path}/${name}`)).size }));
}

/** Gives a file's bytes chunk by chunk, each good until the next. */
export function* fileChunks(path: string): Generator<Buffer> {
  const file = openSync(fsPath(path), 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) yield buffer.subarray(0, size);
  } finally {
    closeSync(file);
  }
}
