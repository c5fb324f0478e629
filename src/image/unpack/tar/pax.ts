import { damaged } from './damaged.ts';
import type { Xattr } from './entry.ts';
import { checkId } from './header.ts';

/** What extended headers say; POSIX.1-2017, pax, "pax Extended Header". Undefined: nothing. */
export interface PaxFields {
  path?: string | undefined;
  linkPath?: string | undefined;
  size?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  seconds?: number | undefined;
  nanoseconds?: number | undefined;
  readonly xattrs: Map<string, Buffer>;
  readonly sparse: SparseFields;
}

/** The three forms in which GNU tar describes sparse files in extended headers ("Storing Sparse Files"). */
export interface SparseFields {
  major?: number;
  minor?: number;
  name?: string;
  size?: number;
  realSize?: number;
  /** 0.0: offset and length in turns; 0.1: the same in one record. */
  numbers?: number[];
}

/** Larger extended headers are refused, as by Go's archive/tar. */
export const LARGEST_HEADER = 1 << 20;
/** Of one entry. The kernel's lists of names have at most 64 KiB. */
const MOST_XATTRS = 256;
const NANOSECONDS = 9;

export const noFields = (): PaxFields => ({ xattrs: new Map(), sparse: {} });

/**
 * Takes the body of an extended header, and gives what it says on top of `fields`. Records that we do not know mean nothing
 * to us. Throws an ImageError where it is not well-formed.
 */
export function parsePax(body: Buffer, fields: PaxFields): PaxFields {
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : decimal(body.toString('latin1', at, Math.min(space, at + 20)));
    const equals = body.indexOf(0x3d, space);
    const end = at + length;
    const sound = Number.isSafeInteger(length) && end <= body.length && equals > space && equals < end;
    if (!sound || body[end - 1] !== 0x0a) throw damaged('an extended header is malformed');
    const key = body.toString('latin1', space + 1, equals);
    apply(fields, key, body.subarray(equals + 1, end - 1));
    at = end;
  }
  return fields;
}

function apply(fields: PaxFields, key: string, value: Buffer): void {
  if (key.startsWith('SCHILY.xattr.')) {
    addXattr(fields.xattrs, key.slice('SCHILY.xattr.'.length), Buffer.from(value));
    return;
  }
  if (key.startsWith('LIBARCHIVE.xattr.')) {
    const name = percentDecoded(key.slice('LIBARCHIVE.xattr.'.length));
    // Both may be there, and then say the same.
    if (!fields.xattrs.has(name)) addXattr(fields.xattrs, name, Buffer.from(value.toString('latin1'), 'base64'));
    return;
  }
  if (key.startsWith('GNU.sparse.')) {
    applySparse(fields.sparse, key.slice('GNU.sparse.'.length), value.toString('latin1'));
    return;
  }
  // An empty value takes a record back.
  const text = value.toString('latin1');
  switch (key) {
    case 'path':
      fields.path = text;
      break;
    case 'linkpath':
      fields.linkPath = text;
      break;
    case 'size':
      fields.size = text === '' ? undefined : number(text, 'size');
      break;
    case 'uid':
      fields.uid = text === '' ? undefined : checkId(number(text, 'owner'), fields.path ?? '');
      break;
    case 'gid':
      fields.gid = text === '' ? undefined : checkId(number(text, 'group'), fields.path ?? '');
      break;
    case 'mtime':
      Object.assign(fields, text === '' ? { seconds: undefined, nanoseconds: undefined } : parseTime(text));
      break;
  }
}

function applySparse(sparse: SparseFields, key: string, value: string): void {
  switch (key) {
    case 'major':
      sparse.major = number(value, 'sparse format');
      break;
    case 'minor':
      sparse.minor = number(value, 'sparse format');
      break;
    case 'name':
      sparse.name = value;
      break;
    case 'size':
      sparse.size = number(value, 'size');
      break;
    case 'realsize':
      sparse.realSize = number(value, 'size');
      break;
    case 'numblocks':
      sparse.numbers ??= [];
      break;
    case 'offset':
    case 'numbytes':
      sparse.numbers ??= [];
      sparse.numbers.push(number(value, 'sparse map'));
      break;
    case 'map':
      sparse.numbers = value === '' ? [] : value.split(',').map((each) => number(each, 'sparse map'));
      break;
  }
}

function addXattr(xattrs: Map<string, Buffer>, name: string, value: Buffer): void {
  if (name === '' || name.includes('\0')) throw damaged('an extended attribute has no sound name');
  xattrs.set(name, value);
  if (xattrs.size > MOST_XATTRS) throw damaged(`it has more than ${MOST_XATTRS} extended attributes`);
}

const NONE: readonly Xattr[] = [];

/** Gives the attributes of an entry: its own, and those of all entries where it has none of the name. */
export function xattrList({ xattrs: global }: PaxFields, { xattrs: own }: PaxFields): readonly Xattr[] {
  if (global.size === 0 && own.size === 0) return NONE;
  return Array.from(new Map([...global, ...own]), ([name, value]) => ({ name, value }));
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function decimal(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function number(text: string, what: string): number {
  const value = decimal(text);
  if (!Number.isSafeInteger(value)) throw damaged(`the ${what} in an extended header is no number`);
  return value;
}

/** `-1.25` is 1.25 s before 1970: 2 s before it and 0.75 s more. */
function parseTime(text: string): { seconds: number; nanoseconds: number } {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d{1,30})(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === '') throw damaged('the time in an extended header is no number');
  // What the file system cannot store the kernel clamps; numbers beyond these are out of its range anyway.
  const seconds = Math.min(Number(whole), Number.MAX_SAFE_INTEGER - 1);
  const nanoseconds = Number(fraction.slice(0, NANOSECONDS).padEnd(NANOSECONDS, '0'));
  if (sign !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}
