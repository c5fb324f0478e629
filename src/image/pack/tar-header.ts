import { FILE_TYPE } from '../../linux/constants/open.ts';
import type { Xattr } from '../unpack/tar/entry.ts';
import { LARGEST_HEADER } from '../unpack/tar/pax.ts';
import { unfit } from './failure.ts';

/*
 * Headers in the one form that an entry has here: ustar, and an extended header before it for what does not fit; POSIX.1-2017,
 * pax. Neither names of users nor any time but the entry's own are in it.
 */

export const BLOCK = 512;
const NAME = 100;
const PREFIX = 155;
const LARGEST_ID = 0o7777777;
/** Of sizes and times: eleven octal digits. */
const LARGEST = 0o77777777777;
const NOT_ASCII = /[\x80-\xff]/;
const NOT_ASCII_ALL = /[\x80-\xff]/g;

/** What a header says; names are bytes in Latin-1. */
export interface HeaderFields {
  readonly type: '0' | '1' | '2' | '5' | '6';
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly seconds: number;
  /** Sorted by name. */
  readonly xattrs: readonly Xattr[];
}

export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** Gives the blocks that stand before an entry's data. Throws an ImageError where its attributes are too many. */
export function entryHeader(fields: HeaderFields): Buffer {
  const split = splitName(fields.name);
  const { linkName, uid, gid, size, seconds } = fields;
  const records: Buffer[] = [];
  const need = (isNeeded: boolean, key: string, value: string): void => {
    if (isNeeded) records.push(record(key, Buffer.from(value, 'latin1')));
  };
  need(split === undefined, 'path', fields.name);
  need(linkName.length > NAME || NOT_ASCII.test(linkName), 'linkpath', linkName);
  need(size > LARGEST, 'size', `${size}`);
  need(uid > LARGEST_ID, 'uid', `${uid}`);
  need(gid > LARGEST_ID, 'gid', `${gid}`);
  need(seconds < 0 || seconds > LARGEST, 'mtime', `${seconds}`);
  records.push(...fields.xattrs.map(xattrRecord));
  const [prefix, name] = split ?? ['', plain(fields.name)];
  const block = Buffer.alloc(BLOCK);
  fill(block, { ...fields, linkName: plain(linkName), prefix, name });
  if (records.length === 0) return block;
  const body = Buffer.concat(records);
  if (body.length > LARGEST_HEADER) throw unfit(fields.name, 'its extended attributes have more than 1 MiB');
  const extended = Buffer.alloc(BLOCK);
  const none = { linkName: '', prefix: '', uid: 0, gid: 0, seconds: 0 };
  fill(extended, { ...none, type: 'x', name: 'PaxHeaders/entry', mode: 0o644, size: body.length });
  return Buffer.concat([extended, body, Buffer.alloc(paddingOf(body.length)), block]);
}

/** Where both parts of the field's name fit: at the last slash that leaves a prefix of 155 bytes. */
function splitName(name: string): readonly [prefix: string, name: string] | undefined {
  if (NOT_ASCII.test(name)) return undefined;
  if (name.length <= NAME) return ['', name];
  // A slash at the end is part of a directory's name.
  const slash = name.lastIndexOf('/', Math.min(PREFIX, name.length - 2));
  return slash > 0 && name.length - slash - 1 <= NAME ? [name.slice(0, slash), name.slice(slash + 1)] : undefined;
}

/** What readers see that know no extended headers. */
function plain(name: string): string {
  return name.replace(NOT_ASCII_ALL, '_').slice(0, NAME);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function record(key: string, value: Uint8Array): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + 1;
  while (`${length}`.length + rest !== length) length = `${length}`.length + rest;
  return Buffer.concat([Buffer.from(`${length} ${key}=`, 'latin1'), value, Buffer.from('\n')]);
}

/** A key ends at the first `=`: attributes with one in their names have the form of libarchive, which escapes it. */
function xattrRecord({ name, value }: Xattr): Buffer {
  if (!name.includes('=')) return record(`SCHILY.xattr.${name}`, value);
  const escaped = name.replace(/[%=]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return record(`LIBARCHIVE.xattr.${escaped}`, Buffer.from(value.toString('base64')));
}

interface BlockFields extends Omit<HeaderFields, 'type' | 'xattrs'> {
  readonly type: string;
  readonly prefix: string;
}

function fill(block: Buffer, { type, name, linkName, prefix, mode, uid, gid, size, seconds }: BlockFields): void {
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  const fitting = (value: number, largest: number): number => (value >= 0 && value <= largest ? value : 0);
  block.write(name, 0, 'latin1');
  octal(mode & (~FILE_TYPE.S_IFMT & 0o7777), 100, 7);
  octal(fitting(uid, LARGEST_ID), 108, 7);
  octal(fitting(gid, LARGEST_ID), 116, 7);
  octal(fitting(size, LARGEST), 124, 11);
  octal(fitting(seconds, LARGEST), 136, 11);
  block.write(type, 156, 'latin1');
  block.write(linkName, 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(prefix, 345, 'latin1');
  block.fill(' ', 148, 156);
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += block[at] ?? 0;
  octal(sum, 148, 6);
  block.write('\0 ', 154, 'latin1');
}
