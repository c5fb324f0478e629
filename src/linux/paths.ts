import { decodeBytes, encodeBytes } from './bytes.ts';

/** Takes a byte string (linux/bytes.ts) and gives what node:fs passes to the kernel byte by byte. */
export function fsPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeBytes(path);
}

/*
 * Walking tens of thousands of directories with a Buffer for each name is slow. The walks keep paths as Latin-1 strings
 * instead: one character a byte, and for ASCII, which is nearly every name of a system, the same as the path itself.
 */

const NOT_ASCII = /[\x80-\xff]/;

/** Takes a byte string and gives it with one Latin-1 character a byte. */
export function toLatin1(path: string): string {
  return encodeBytes(path).toString('latin1');
}

/** Takes a path of Latin-1 characters and gives the byte string. */
export function fromLatin1(path: string): string {
  return NOT_ASCII.test(path) ? decodeBytes(Buffer.from(path, 'latin1')) : path;
}

/** Takes a path of Latin-1 characters and gives what node:fs passes to the kernel byte by byte. */
export function latin1FsPath(path: string): string | Buffer {
  return NOT_ASCII.test(path) ? Buffer.from(path, 'latin1') : path;
}
