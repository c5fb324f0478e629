import { type Bytes, END, gnuLong, header, numberField, padded, paxHeader, type TYPE } from './raw.ts';

/** Members of tar archives with all that formats have for them: what is too long for a header goes where it fits; pax(1p). */

/** A piece of a sparse file; everything between the pieces is a hole. */
export interface Piece {
  readonly offset: number;
  readonly data: Bytes;
}

export interface Member {
  /** As it is to stand in the archive, in bytes where it is no UTF-8. */
  readonly name: Bytes;
  /** Default: file. */
  readonly kind?: Exclude<keyof typeof TYPE, 'contiguous'>;
  /** Default: 0644, directories 0755, symbolic links 0777. */
  readonly mode?: number;
  /** Default: 0. */
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch; a text goes into a pax record as it is, with all its digits. Default: 1700000000. */
  readonly mtime?: number | string;
  /** Target of a link. */
  readonly link?: Bytes;
  readonly data?: Bytes;
  /** Major and minor number. */
  readonly device?: readonly [number, number];
  readonly xattrs?: Readonly<Record<string, Bytes>>;
  /** More pax records, as they are. */
  readonly pax?: Readonly<Record<string, Bytes>>;
  /** How names that do not fit are written. Default: pax. */
  readonly long?: 'pax' | 'gnu';
  /** In place of `data`: the file's size, its pieces in order, and in which of GNU's formats. */
  readonly sparse?: {
    readonly format: 'gnu' | 'pax 0.0' | 'pax 0.1' | 'pax 1.0';
    readonly size: number;
    readonly pieces: readonly Piece[];
  };
}

function bytes(text: Bytes): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
}

function sparseRecords({ format, size, pieces }: NonNullable<Member['sparse']>, name: Buffer): [string, Bytes][] {
  const ends = pieces.map(({ offset, data }) => [offset, bytes(data).length] as const);
  if (format === 'gnu') return [];
  if (format === 'pax 0.0') {
    const map = ends.flatMap(([offset, length]): [string, Bytes][] => [
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

/** Where GNU's own format has room for four pieces, and for the file's size: from the place of ustar's prefix on. */
const OLD_SPARSE = { from: 345, pieces: 386, size: 483, end: 500 } as const;

function oldSparse({ size, pieces }: NonNullable<Member['sparse']>): Buffer {
  if (pieces.length > 4) throw new Error('more than four pieces in the old format');
  const { from, end } = OLD_SPARSE;
  const field = Buffer.alloc(end - from);
  const put = (at: number, value: number) => numberField(value, 12).copy(field, at - from);
  for (const [at, { offset, data }] of pieces.entries()) {
    put(OLD_SPARSE.pieces + 24 * at, offset);
    put(OLD_SPARSE.pieces + 24 * at + 12, bytes(data).length);
  }
  put(OLD_SPARSE.size, size);
  return field;
}

const LARGEST_ID = 0o7777777;
const LATEST = 0o77777777777;

/** One member of an archive: the headers that it needs and its data. */
export function member(of: Member): Buffer {
  const kind = of.kind ?? 'file';
  const [name, link] = [bytes(of.name), of.link === undefined ? undefined : bytes(of.link)];
  const body = of.sparse === undefined ? bytes(of.data ?? '') : sparseBody(of.sparse);
  const mtime = of.mtime ?? 1_700_000_000;
  const parts: Buffer[] = [];
  const records: [string, Bytes][] = [...Object.entries(of.pax ?? {})];
  for (const [attribute, value] of Object.entries(of.xattrs ?? {})) records.push([`SCHILY.xattr.${attribute}`, value]);
  if (typeof mtime === 'string') records.push(['mtime', mtime]);
  else if (mtime < 0 || mtime > LATEST || !Number.isInteger(mtime)) records.push(['mtime', String(mtime)]);
  if ((of.uid ?? 0) > LARGEST_ID) records.push(['uid', String(of.uid)]);
  if ((of.gid ?? 0) > LARGEST_ID) records.push(['gid', String(of.gid)]);
  if (of.sparse !== undefined) records.push(...sparseRecords(of.sparse, name));
  const namedElsewhere = of.sparse?.format === 'pax 0.1' || of.sparse?.format === 'pax 1.0';
  for (const [text, record, type] of [[name, 'path', 'L'] as const, [link, 'linkpath', 'K'] as const]) {
    if (text === undefined || text.length <= 100 || (record === 'path' && namedElsewhere)) continue;
    if (of.long === 'gnu') parts.push(gnuLong(type, text));
    else records.push([record, text]);
  }
  if (records.length > 0) parts.push(paxHeader(records));
  const old = of.sparse?.format === 'gnu' ? of.sparse : undefined;
  const defaultMode = kind === 'directory' ? 0o755 : kind === 'symlink' ? 0o777 : 0o644;
  parts.push(
    header({
      name: namedElsewhere ? 'GNUSparseFile.0/sparse' : name,
      type: old ? 'S' : kind,
      size: kind === 'file' ? body.length : 0,
      mode: of.mode ?? defaultMode,
      uid: Math.min(of.uid ?? 0, LARGEST_ID),
      gid: Math.min(of.gid ?? 0, LARGEST_ID),
      mtime: Math.min(Math.max(Math.trunc(Number(mtime)), 0), LATEST),
      format: old || of.long === 'gnu' ? 'gnu' : 'ustar',
      device: of.device ?? [0, 0],
      ...(old ? { prefix: oldSparse(old) } : {}),
      ...(link === undefined ? {} : { linkName: link }),
    }),
  );
  if (kind === 'file') parts.push(padded(body));
  return Buffer.concat(parts);
}

/** A whole archive, with its two blocks of zeros at the end. */
export function archive(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(member), END]);
}
