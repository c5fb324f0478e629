import { damaged } from './damaged.ts';

export const BLOCK = 512;

/** The fields of one header block. Names are bytes in Latin-1. */
export interface Header {
  readonly format: 'v7' | 'ustar' | 'star' | 'gnu';
  /** The type flag's character. */
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly seconds: number;
}

/** Whether a block has only zeros: two of them end an archive. */
export function isZeroBlock(bytes: Buffer, at: number): boolean {
  // The first byte of a header is a name's: few blocks need more than this.
  if (bytes[at] !== 0) return false;
  for (let index = at; index < at + BLOCK; index++) if (bytes[index] !== 0) return false;
  return true;
}

/**
 * Takes the 512 bytes at `at` and gives the header that they are. tar(5) of libarchive and "Basic Tar Format" of GNU tar's
 * manual describe the formats. Throws an ImageError where the checksum or a number is wrong.
 */
export function parseHeader(bytes: Buffer, at: number): Header {
  verifyChecksum(bytes, at);
  const format = formatOf(bytes, at);
  let name = text(bytes, at, 100);
  const number = (offset: number, length: number, what: string): number =>
    parseNumber(bytes, at + offset, length, what, name);
  if (format === 'ustar' || format === 'star') {
    const prefix = text(bytes, at + 345, format === 'ustar' ? 155 : 131);
    if (prefix !== '') name = `${prefix}/${name}`;
  }
  const size = number(124, 12, 'size');
  if (size < 0) throw damaged('its size is negative', name);
  return {
    format,
    type: String.fromCharCode(bytes[at + 156] ?? 0),
    name,
    linkName: text(bytes, at + 157, 100),
    mode: number(100, 8, 'mode') & 0o7777,
    uid: checkId(number(108, 8, 'owner'), name),
    gid: checkId(number(116, 8, 'group'), name),
    size,
    seconds: number(136, 12, 'time'),
  };
}

/** An id that chown(2) takes: 2^32 - 1 means "leave it" there, and so is nobody's. */
export function checkId(id: number, name: string): number {
  if (!Number.isInteger(id) || id < 0 || id >= 0xffff_ffff) throw damaged(`${id} is no user or group id`, name);
  return id;
}

/** GNU and STAR put other things where the others have the prefix. */
function formatOf(bytes: Buffer, at: number): Header['format'] {
  const magic = bytes.toString('latin1', at + 257, at + 265);
  if (magic === 'ustar  \0') return 'gnu';
  if (!magic.startsWith('ustar\0')) return 'v7';
  return bytes.toString('latin1', at + 508, at + 512) === 'tar\0' ? 'star' : 'ustar';
}

/** A string field: to the first NUL, or to its end. */
export function text(bytes: Buffer, at: number, length: number): string {
  const nul = bytes.indexOf(0, at);
  return bytes.toString('latin1', at, nul === -1 || nul > at + length ? at + length : nul);
}

/** The sum of all bytes, those of the sum itself taken as spaces. Some old tars summed signed bytes. */
function verifyChecksum(bytes: Buffer, at: number): void {
  let sum = 8 * 0x20;
  for (let index = at; index < at + 148; index++) sum += bytes[index] ?? 0;
  for (let index = at + 156; index < at + BLOCK; index++) sum += bytes[index] ?? 0;
  const said = parseNumber(bytes, at + 148, 8, 'checksum', undefined);
  if (said !== sum && said !== sum - 256 * highBytes(bytes, at)) throw damaged('the checksum of a header is wrong');
}

function highBytes(bytes: Buffer, at: number): number {
  let count = 0;
  for (let index = at; index < at + BLOCK; index++)
    if (index < at + 148 || index >= at + 156) count += (bytes[index] ?? 0) >> 7;
  return count;
}

/** A number: octal digits between spaces and NULs, or two's complement of any sign where the highest bit is set (GNU). */
export function parseNumber(bytes: Buffer, at: number, length: number, what: string, name: string | undefined): number {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = BigInt(first & 0x40 ? first - 256 : first & 0x7f);
    for (let index = at + 1; index < at + length; index++) value = (value << 8n) | BigInt(bytes[index] ?? 0);
    const result = Number(value);
    if (!Number.isSafeInteger(result)) throw damaged(`its ${what} is out of range`, name);
    return result;
  }
  let value = 0;
  let digits = 0;
  let ended = false;
  for (let index = at; index < at + length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte === 0 || byte === 0x20) ended = digits > 0 || byte === 0;
    else if (byte >= 0x30 && byte <= 0x37 && !ended) {
      value = value * 8 + (byte - 0x30);
      digits += 1;
    } else throw damaged(`its ${what} is no number`, name);
  }
  return value;
}
