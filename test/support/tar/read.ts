import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK = 512;

/** Where a member lies in an archive, and what its headers say. */
export interface Found {
  /** Without leading `./` and trailing slash; the root itself is ''. */
  readonly name: string;
  /** The type flag of tar(5). */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly link: string;
  readonly size: number;
  /** Bytes from the beginning of the archive: the first header (pax or long name) and the end of the padded data. */
  readonly start: number;
  readonly data: number;
  readonly end: number;
}

function number(header: Buffer, offset: number, width: number): number {
  const text = header.toString('latin1', offset, offset + width).replace(/[\0 ]+$/, '');
  return text.trim() === '' ? 0 : Number.parseInt(text, 8);
}

function text(header: Buffer, offset: number, width: number): string {
  const field = header.subarray(offset, offset + width);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? width : end);
}

function plain(name: string): string {
  return name.replace(/^(\.\/)+/, '').replace(/\/+$/, '') === '.'
    ? ''
    : name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
}

function paxRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(' ', at);
    const length = Number(data.toString('latin1', at, space));
    const record = data.toString('utf8', space + 1, at + length - 1);
    const sign = record.indexOf('=');
    records.set(record.slice(0, sign), record.slice(sign + 1));
    at += length;
  }
  return records;
}

/** Lists an archive of a well-behaved tar program, by what it says itself: nothing that is hostile is looked for. */
export function list(path: string): Found[] {
  const file = openSync(path, 'r');
  const read = (offset: number, length: number): Buffer => {
    const buffer = Buffer.alloc(length);
    if (readSync(file, buffer, 0, length, offset) !== length) throw new Error(`${path} is cut off at ${offset}`);
    return buffer;
  };
  const members: Found[] = [];
  try {
    let pax = new Map<string, string>();
    let start = 0;
    for (let at = 0; ; ) {
      const header = read(at, BLOCK);
      if (header.every((byte) => byte === 0)) return members;
      const type = header.toString('latin1', 156, 157);
      const size = Number(pax.get('size') ?? number(header, 124, 12));
      const [data, end] = [at + BLOCK, at + BLOCK + Math.ceil(size / BLOCK) * BLOCK];
      at = end;
      if (type === 'x') {
        pax = new Map([...pax, ...paxRecords(read(data, size))]);
        continue;
      }
      if (type === 'L' || type === 'K') {
        pax.set(type === 'L' ? 'path' : 'linkpath', read(data, size).toString('utf8').replace(/\0.*$/, ''));
        continue;
      }
      const prefix = header.toString('latin1', 257, 265) === 'ustar\x0000' ? text(header, 345, 155) : '';
      members.push({
        name: plain(pax.get('path') ?? (prefix === '' ? '' : `${prefix}/`) + text(header, 0, 100)),
        type,
        mode: number(header, 100, 8),
        uid: Number(pax.get('uid') ?? number(header, 108, 8)),
        gid: Number(pax.get('gid') ?? number(header, 116, 8)),
        mtime: Number(pax.get('mtime') ?? number(header, 136, 12)),
        link:
          type === '1'
            ? plain(pax.get('linkpath') ?? text(header, 157, 100))
            : (pax.get('linkpath') ?? text(header, 157, 100)),
        size,
        start,
        data,
        end,
      });
      pax = new Map();
      start = end;
    }
  } finally {
    closeSync(file);
  }
}
