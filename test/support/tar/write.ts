/** A tar archive written byte by byte, so that tests can say what no tar program would write; tar(5), pax(1p). */

const BLOCK = 512;

const TYPES = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const;

export type Text = string | Uint8Array;

/** A piece of a sparse file; everything between the pieces is a hole. */
export interface Piece {
  readonly offset: number;
  readonly data: Text;
}

export interface Member {
  /** As it is to stand in the archive, in bytes where it is no UTF-8. */
  readonly name: Text;
  /** Default: file. */
  readonly kind?: keyof typeof TYPES;
  /** Default: 0644, directories 0755, symbolic links 0777. */
  readonly mode?: number;
  /** Default: 0. */
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch; a text goes into a pax record as it is, with all its digits. Default: 1700000000. */
  readonly mtime?: number | string;
  /** Target of a link. */
  readonly link?: Text;
  readonly data?: Text;
  /** Major and minor number. */
  readonly device?: readonly [number, number];
  readonly xattrs?: Readonly<Record<string, Text>>;
  /** More pax records, as they are. */
  readonly pax?: Readonly<Record<string, Text>>;
  /** How names that do not fit are written. Default: pax. */
  readonly long?: 'pax' | 'gnu';
  /** In place of `data`: the file's size, its pieces in order, and in which of GNU's formats. */
  readonly sparse?: {
    readonly format: 'gnu' | 'pax 0.0' | 'pax 0.1' | 'pax 1.0';
    readonly size: number;
    readonly pieces: readonly Piece[];
  };
}

function bytes(text: Text): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

/** `LENGTH NAME=VALUE\n`, where the length counts itself. */
function paxRecord(name: string, value: Text): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${name}=`), bytes(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function octal(header: Buffer, offset: number, width: number, value: number): void {
  header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
}

interface Header {
  readonly name: Buffer;
  readonly type: string;
  readonly size: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly link?: Buffer;
  readonly device?: readonly [number, number];
  readonly gnu?: boolean;
}

function headerBlock(of: Header, more?: (header: Buffer) => void): Buffer {
  const header = Buffer.alloc(BLOCK);
  of.name.copy(header, 0, 0, 100);
  octal(header, 100, 8, of.mode ?? 0);
  octal(header, 108, 8, Math.min(of.uid ?? 0, 0o7777777));
  octal(header, 116, 8, Math.min(of.gid ?? 0, 0o7777777));
  octal(header, 124, 12, of.size);
  octal(header, 136, 12, Math.min(Math.max(Math.trunc(of.mtime ?? 0), 0), 0o77777777777));
  header.write(of.type, 156, 'latin1');
  of.link?.copy(header, 157, 0, 100);
  header.write(of.gnu === true ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
  octal(header, 329, 8, of.device?.[0] ?? 0);
  octal(header, 337, 8, of.device?.[1] ?? 0);
  more?.(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function gnuLong(type: 'L' | 'K', text: Buffer): Buffer {
  const data = Buffer.concat([text, Buffer.alloc(1)]);
  const name = Buffer.from('././@LongLink');
  return Buffer.concat([headerBlock({ name, type, size: data.length, gnu: true }), padded(data)]);
}

function sparseRecords({ format, size, pieces }: NonNullable<Member['sparse']>, name: Buffer): [string, Text][] {
  const ends = pieces.map(({ offset, data }) => [offset, bytes(data).length] as const);
  if (format === 'gnu') return [];
  if (format === 'pax 0.0') {
    const map = ends.flatMap(([offset, length]): [string, Text][] => [
      ['GNU.sparse.offset', String(offset)],
      ['GNU.sparse.numbytes', String(length)],
    ]);
    return [['GNU.sparse.size', String(size)], ['GNU.sparse.numblocks', String(ends.length)], ...map];
  }
  if (format === 'pax 0.1') {
    return [
      ['GNU.sparse.name', name],
      ['GNU.sparse.size', String(size)],
      ['GNU.sparse.numblocks', String(ends.length)],
      ['GNU.sparse.map', ends.flat().join(',')],
    ];
  }
  return [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', name],
    ['GNU.sparse.realsize', String(size)],
  ];
}

/** What stands after the header: for pax 1.0 the map in front of the pieces. */
function sparseBody({ format, pieces }: NonNullable<Member['sparse']>): Buffer {
  const data = Buffer.concat(pieces.map((piece) => bytes(piece.data)));
  if (format !== 'pax 1.0') return data;
  const map = [pieces.length, ...pieces.flatMap((piece) => [piece.offset, bytes(piece.data).length])];
  return Buffer.concat([padded(Buffer.from(`${map.join('\n')}\n`)), data]);
}

/** GNU's own format has room for four pieces in the header. */
function oldSparse({ size, pieces }: NonNullable<Member['sparse']>): (header: Buffer) => void {
  if (pieces.length > 4) throw new Error('more than four pieces in the old format');
  return (header) => {
    for (const [at, { offset, data }] of pieces.entries()) {
      octal(header, 386 + 24 * at, 12, offset);
      octal(header, 398 + 24 * at, 12, bytes(data).length);
    }
    octal(header, 483, 12, size);
  };
}

/** One member of an archive: the headers that it needs and its data. */
export function member(of: Member): Buffer {
  const kind = of.kind ?? 'file';
  const [name, link] = [bytes(of.name), of.link === undefined ? undefined : bytes(of.link)];
  const body = of.sparse === undefined ? bytes(of.data ?? '') : sparseBody(of.sparse);
  const mtime = of.mtime ?? 1_700_000_000;
  const parts: Buffer[] = [];
  const records: [string, Text][] = [...Object.entries(of.pax ?? {})];
  for (const [attribute, value] of Object.entries(of.xattrs ?? {})) records.push([`SCHILY.xattr.${attribute}`, value]);
  if (typeof mtime === 'string') records.push(['mtime', mtime]);
  else if (mtime < 0 || mtime > 0o77777777777 || !Number.isInteger(mtime)) records.push(['mtime', String(mtime)]);
  if ((of.uid ?? 0) > 0o7777777) records.push(['uid', String(of.uid)]);
  if ((of.gid ?? 0) > 0o7777777) records.push(['gid', String(of.gid)]);
  if (of.sparse !== undefined) records.push(...sparseRecords(of.sparse, name));
  const namedElsewhere = of.sparse?.format === 'pax 0.1' || of.sparse?.format === 'pax 1.0';
  for (const [text, record, type] of [[name, 'path', 'L'] as const, [link, 'linkpath', 'K'] as const]) {
    if (text === undefined || text.length <= 100 || (record === 'path' && namedElsewhere)) continue;
    if (of.long === 'gnu') parts.push(gnuLong(type, text));
    else records.push([record, text]);
  }
  if (records.length > 0) {
    const data = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
    const header = { name: Buffer.from('PaxHeaders/0'), type: 'x', size: data.length, mode: 0o644 };
    parts.push(headerBlock(header), padded(data));
  }
  const old = of.sparse?.format === 'gnu';
  const defaultMode = kind === 'directory' ? 0o755 : kind === 'symlink' ? 0o777 : 0o644;
  const header: Header = {
    name: namedElsewhere ? Buffer.from('GNUSparseFile.0/sparse') : name,
    type: old ? 'S' : TYPES[kind],
    size: kind === 'file' ? body.length : 0,
    mode: of.mode ?? defaultMode,
    uid: of.uid ?? 0,
    gid: of.gid ?? 0,
    mtime: Number(mtime),
    gnu: old || of.long === 'gnu',
    ...(link === undefined ? {} : { link }),
    ...(of.device === undefined ? {} : { device: of.device }),
  };
  parts.push(headerBlock(header, old && of.sparse !== undefined ? oldSparse(of.sparse) : undefined));
  if (kind === 'file') parts.push(padded(body));
  return Buffer.concat(parts);
}

/** A whole archive, with its two blocks of zeros at the end. */
export function archive(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(member), Buffer.alloc(2 * BLOCK)]);
}
