import { isUtf8 } from 'node:buffer';

/*
 * Paths, arguments and environment variables are byte strings on Linux and need not be UTF-8. They are kept in
 * JavaScript strings as PEP 383 does it ("surrogateescape"): a byte 0xNN (0x80..0xFF) that is not part of valid UTF-8
 * becomes the lone surrogate U+DCNN. Valid UTF-8 never decodes to a lone surrogate, so the way back is exact.
 */

const ESCAPE_BASE = 0xdc00;

/** Length of the well-formed UTF-8 sequence at `at` (Unicode, table 3-7: no overlong forms, no surrogates), or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0) return 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < low || second > high) return 0;
  for (let next = at + 2; next < at + length; next++) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Takes any bytes and gives the string that stands for them; `encodeBytes` gives back exactly these bytes. PEP 383. */
export function decodeBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  const parts: string[] = [];
  let valid = 0;
  let at = 0;
  while (at < buffer.length) {
    const length = sequenceLength(buffer, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(buffer.toString('utf8', valid, at), String.fromCharCode(ESCAPE_BASE + (buffer[at] ?? 0)));
    at += 1;
    valid = at;
  }
  parts.push(buffer.toString('utf8', valid));
  return parts.join('');
}

/**
 * Takes a string of `decodeBytes` (or any well-formed one) and gives its bytes.
 * Throws a RangeError for a lone surrogate outside U+DC80..U+DCFF, which stands for no byte.
 */
export function encodeBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let valid = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) {
      at += 1;
      continue;
    }
    if (code < 0xd800 || code > 0xdfff) continue;
    if (code < ESCAPE_BASE + 0x80 || code > ESCAPE_BASE + 0xff) {
      throw new RangeError(
        `character ${at} is the lone surrogate U+${code.toString(16).toUpperCase()}, which is no byte`,
      );
    }
    parts.push(Buffer.from(text.slice(valid, at), 'utf8'), Buffer.of(code - ESCAPE_BASE));
    valid = at + 1;
  }
  parts.push(Buffer.from(text.slice(valid), 'utf8'));
  return Buffer.concat(parts);
}

/**
 * Takes a string and gives its bytes with the NUL that ends a C string.
 * Throws a RangeError where the text has a NUL itself: the kernel would silently see only the part before it.
 */
export function cString(text: string): Buffer {
  const nul = text.indexOf('\0');
  if (nul !== -1)
    throw new RangeError(`${JSON.stringify(text)} has a NUL at character ${nul}, where the kernel would cut it`);
  return encodeBytes(`${text}\0`);
}
