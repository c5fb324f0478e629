import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';

/*
 * Writes tar archives byte by byte, well-formed or not: what GNU tar and python3's tarfile would refuse to write is just
 * what unpackers have to be tested with. Names are bytes: a string stands for its UTF-8.
 */

const BLOCK = 512;

/** Where the fields of a header lie; POSIX.1-2017, pax, "ustar Interchange Format". */
export const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  userName: [265, 32],
  groupName: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

export type Bytes = string | Uint8Array;

export const TYPE = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  contiguous: '7',
} as const;

/** What a header says. Everything has a usual value, and `raw` overwrites any field's bytes before the checksum. */
export interface Header {
  readonly name: Bytes;
  /** One character, or a name of TYPE. */
  readonly type?: keyof typeof TYPE | (string & {});
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** What the header says; the content's length where nothing else is given. */
  readonly size?: number;
  readonly mtime?: number;
  readonly linkName?: Bytes;
  readonly format?: 'ustar' | 'gnu' | 'v7';
  readonly prefix?: Bytes;
  readonly device?: readonly [major: number, minor: number];
  readonly raw?: Partial<Record<keyof typeof FIELD, Uint8Array | string>>;
  /** Instead of the right one; 'signed' sums signed bytes, as some old tars did. */
  readonly checksum?: number | 'signed';
}

export interface Entry extends Header {
  readonly content?: Bytes;
  /** Written before it in an extended header; a value may be bytes. */
  readonly pax?: Readonly<Record<string, Bytes>> | ReadonlyArray<readonly [key: string, value: Bytes]>;
}

const bytesOf = (value: Bytes): Buffer => (typeof value === 'string' ? Buffer.from(value) : Buffer.from(value));

/** A number as tar writes it: octal, or GNU's base-256 where that does not do. */
export function numberField(value: number | bigint, length: number): Buffer {
  const big = BigInt(value);
  const octal = big.toString(8);
  if (big >= 0n && octal.length < length) return Buffer.from(`${octal.padStart(length - 1, '0')}\0`, 'latin1');
  return base256(big, length);
}

/** GNU's binary form: two's complement, the highest bit set as the mark of it. */
export function base256(value: bigint, length: number): Buffer {
  const field = Buffer.alloc(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let index = length - 1; index >= 0; index--) {
    field[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  field[0] = value < 0n ? 0xff : (field[0] ?? 0) | 0x80;
  return field;
}

/** One header block, with whatever is asked for, right or wrong. */
export function header(entry: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (field: keyof typeof FIELD, value: Bytes) => {
    const [offset, length] = FIELD[field];
    bytesOf(value).copy(block, offset, 0, length);
  };
  const format = entry.format ?? 'ustar';
  const type = entry.type ?? 'file';
  put('name', entry.name);
  put('mode', numberField(entry.mode ?? (type === 'directory' ? 0o755 : 0o644), 8));
  put('uid', numberField(entry.uid ?? 0, 8));
  put('gid', numberField(entry.gid ?? 0, 8));
  put('size', numberField(entry.size ?? 0, 12));
  put('mtime', numberField(entry.mtime ?? 1_600_000_000, 12));
  put('type', Object.hasOwn(TYPE, type) ? TYPE[type as keyof typeof TYPE] : type);
  if (entry.linkName !== undefined) put('linkName', entry.linkName);
  if (format === 'ustar') put('magic', 'ustar\0');
  if (format === 'ustar') put('version', '00');
  if (format === 'gnu') put('magic', 'ustar ');
  if (format === 'gnu') put('version', ' \0');
  if (entry.prefix !== undefined) put('prefix', entry.prefix);
  if (entry.device !== undefined) {
    put('major', numberField(entry.device[0], 8));
    put('minor', numberField(entry.device[1], 8));
  }
  for (const [field, value] of Object.entries(entry.raw ?? {})) put(field as keyof typeof FIELD, value);
  const sum = typeof entry.checksum === 'number' ? entry.checksum : checksum(block, entry.checksum === 'signed');
  put('checksum', `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

function checksum(block: Buffer, signed: boolean): number {
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
    sum += signed && byte > 127 ? byte - 256 : byte;
  }
  return sum;
}

/** Content filled up to whole blocks. */
export function padded(content: Bytes): Buffer {
  const bytes = bytesOf(content);
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
export function paxRecord(key: string, value: Bytes): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), bytesOf(value), Buffer.from('\n')]);
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

/** An extended header of its own: `type` is 'x' for the next entry, 'g' for all that follow. */
export function paxHeader(records: NonNullable<Entry['pax']>, type: 'x' | 'g' = 'x'): Buffer {
  const pairs = Array.isArray(records) ? records : Object.entries(records);
  const body = Buffer.concat(pairs.map(([key, value]) => paxRecord(key, value)));
  return Buffer.concat([header({ name: 'PaxHeaders/0', type, size: body.length }), padded(body)]);
}

/** GNU's long name ('L') or long link target ('K') for the next entry. */
export function gnuLong(type: 'L' | 'K', name: Bytes): Buffer {
  const body = Buffer.concat([bytesOf(name), Buffer.alloc(1)]);
  return Buffer.concat([
    header({ name: '././@LongLink', type, size: body.length, format: 'gnu', mode: 0, mtime: 0 }),
    padded(body),
  ]);
}

/** One entry with its content and, before it, its extended header. */
export function entry(description: Entry): Buffer {
  const content = bytesOf(description.content ?? '');
  const parts = [header({ size: content.length, ...description }), padded(content)];
  return Buffer.concat(description.pax === undefined ? parts : [paxHeader(description.pax), ...parts]);
}

/** What ends an archive. */
export const END = Buffer.alloc(2 * BLOCK);

/** A whole archive. Buffers go in as they are. */
export function archive(...parts: ReadonlyArray<Entry | Buffer>): Buffer {
  return Buffer.concat([...parts.map((part) => (Buffer.isBuffer(part) ? part : entry(part))), END]);
}

/** An archive as the blob of a layer, with its diff id. */
export interface LayerBlob {
  readonly blob: Buffer;
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly diffId: `sha256:${string}`;
}

export function layerBlob(tar: Buffer, compression: LayerBlob['compression'] = 'none'): LayerBlob {
  const blob = compression === 'gzip' ? gzipSync(tar) : compression === 'zstd' ? zstdCompressSync(tar) : tar;
  return { blob, compression, diffId: `sha256:${createHash('sha256').update(tar).digest('hex')}` };
}
