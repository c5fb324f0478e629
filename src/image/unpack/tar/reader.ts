import { damaged } from './damaged.ts';
import type { EntryType, Extent, TarEntry } from './entry.ts';
import { BLOCK, type Header, isZeroBlock, parseHeader, text } from './header.ts';
import { LARGEST_HEADER, noFields, type PaxFields, parsePax, xattrList } from './pax.ts';
import { checkedExtents, OldSparseMap, SparseMapText } from './sparse.ts';

/** Who is told what an archive has: each entry, then its data in order, then its end. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** The bytes from `start` to `end` of `chunk` belong at `position` of the file; holes are passed over. */
  data(chunk: Buffer, start: number, end: number, position: number): void;
  /** All data of the last entry was given. */
  finish(): void;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

type State =
  | { readonly kind: 'header' }
  /** The body of an extended header or of a long name. */
  | { readonly kind: 'body'; readonly type: string; readonly body: Buffer; filled: number; padding: number }
  | { readonly kind: 'oldSparse'; readonly header: Header; readonly map: OldSparseMap }
  | {
      readonly kind: 'sparseText';
      readonly entry: TarEntry;
      readonly map: SparseMapText;
      left: number;
      padding: number;
    }
  | {
      readonly kind: 'data';
      left: number;
      padding: number;
      position: number;
      readonly extents: Extent[];
      extent: number;
    }
  | { readonly kind: 'padding'; left: number }
  /** One block of zeros was met. */
  | { readonly kind: 'ending' }
  | { readonly kind: 'ended' };

const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/**
 * Reads a tar archive from chunks of any size: v7, ustar, star, pax, GNU, and sparse files in all four forms. Names,
 * targets and attributes are bytes as they stand there.
 *
 * Our own, since layers have to come out exactly: the parsers that npm has decode names and extended headers as UTF-8, which
 * loses bytes of names and of `security.capability`, cut times to milliseconds and know nothing of sparse files. Where
 * formats leave room, it reads what Go's archive/tar reads, which docker, podman and containerd use: two readers that see
 * different entries in one archive are a weakness by themselves. So links, directories and devices have no data whatever
 * their size says, and one block of zeros that another block follows is no end.
 *
 * Throws an ImageError at what is no sound archive. Nothing in it makes memory grow beyond a few MiB.
 */
export class TarReader {
  readonly #handler: TarHandler;
  #state: State = { kind: 'header' };
  /** What there is of a block that chunks cut. */
  readonly #partial = Buffer.alloc(BLOCK);
  #filled = 0;
  /** What extended headers said of all entries, and of the next. */
  #global: PaxFields = noFields();
  #globalSize = 0;
  #fields: PaxFields | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** Takes the next bytes of the archive, from `start`. They are not kept. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#step(chunk, at);
  }

  /** Must be called after the last chunk. Throws where something is missing. */
  end(): void {
    const { kind } = this.#state;
    // What fills up the last block of data is nobody's data.
    const between = kind === 'header' || kind === 'padding' || kind === 'ending' || kind === 'ended';
    const begun = this.#fields !== undefined || this.#longName !== undefined || this.#longLink !== undefined;
    if (!between || this.#filled > 0 || begun) throw damaged('it ends in the middle');
  }

  /** Takes what the state wants from the chunk, and gives the place behind it. */
  #step(chunk: Buffer, at: number): number {
    const state = this.#state;
    switch (state.kind) {
      case 'data':
        return this.#takeData(state, chunk, at);
      case 'padding': {
        const size = Math.min(state.left, chunk.length - at);
        state.left -= size;
        if (state.left === 0) this.#state = { kind: 'header' };
        return at + size;
      }
      case 'body': {
        const size = chunk.copy(state.body, state.filled, at, at + state.body.length - state.filled);
        state.filled += size;
        if (state.filled === state.body.length) {
          this.#pad(state.padding);
          this.#takeBody(state.type, state.body);
        }
        return at + size;
      }
      case 'ended':
        return chunk.length;
      default:
        return this.#takeBlock(state, chunk, at);
    }
  }

  #pad(padding: number): void {
    this.#state = padding > 0 ? { kind: 'padding', left: padding } : { kind: 'header' };
  }

  #takeBlock(state: State, chunk: Buffer, at: number): number {
    if (this.#filled === 0 && chunk.length - at >= BLOCK) {
      this.#block(state, chunk, at);
      return at + BLOCK;
    }
    const size = chunk.copy(this.#partial, this.#filled, at, at + BLOCK - this.#filled);
    this.#filled += size;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#block(state, this.#partial, 0);
    }
    return at + size;
  }

  #block(state: State, bytes: Buffer, at: number): void {
    switch (state.kind) {
      case 'header':
        if (isZeroBlock(bytes, at)) this.#state = { kind: 'ending' };
        else this.#takeHeader(parseHeader(bytes, at), bytes, at);
        break;
      case 'ending':
        if (!isZeroBlock(bytes, at)) throw damaged('something follows its end');
        this.#state = { kind: 'ended' };
        break;
      case 'oldSparse':
        state.map.add(bytes.subarray(at, at + BLOCK));
        if (!state.map.extended) this.#beginOldSparse(state.header, state.map);
        break;
      case 'sparseText': {
        state.left -= BLOCK;
        const numbers = state.map.add(bytes.subarray(at, at + BLOCK));
        if (numbers) this.#beginSparse(state.entry, numbers, state.left, state.padding);
        else if (state.left < BLOCK) throw damaged('its sparse map is cut', state.entry.name);
        break;
      }
    }
  }

  #takeHeader(header: Header, bytes: Buffer, at: number): void {
    switch (header.type) {
      case 'x':
      case 'g':
      case 'L':
      case 'K':
        if (header.size > LARGEST_HEADER) throw damaged(`an extended header has ${header.size} bytes`);
        if (header.size === 0) this.#takeBody(header.type, Buffer.alloc(0));
        else {
          const body = Buffer.alloc(header.size);
          this.#state = { kind: 'body', type: header.type, body, filled: 0, padding: paddingOf(header.size) };
        }
        break;
      case 'S': {
        if (header.format !== 'gnu')
          throw damaged('a sparse file of the old form in an archive that is not GNU', header.name);
        const map = new OldSparseMap(bytes, at, header.name);
        if (map.extended) this.#state = { kind: 'oldSparse', header, map };
        else this.#beginOldSparse(header, map);
        break;
      }
      default:
        this.#begin(header);
    }
  }

  #takeBody(type: string, body: Buffer): void {
    if (type === 'x') this.#fields = parsePax(body, noFields());
    else if (type === 'g') {
      this.#globalSize += body.length;
      if (this.#globalSize > LARGEST_HEADER) throw damaged('its global extended headers are too large');
      this.#global = parsePax(body, this.#global);
    } else if (type === 'L') this.#longName = text(body, 0, body.length);
    else this.#longLink = text(body, 0, body.length);
  }

  /** Puts together what the headers say of one entry, and forgets what was said of only this one. */
  #combine(header: Header): { entry: TarEntry; stored: number; fields: PaxFields } {
    const fields = this.#fields ?? noFields();
    const name = this.#longName ?? (fields.path || header.name);
    const linkName = this.#longLink ?? (fields.linkPath || header.linkName);
    this.#fields = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    if (name.includes('\0') || linkName.includes('\0')) throw damaged('a name has a NUL', name);
    const type = TYPES[header.type];
    if (type === undefined)
      throw damaged(`it is of the type ${JSON.stringify(header.type)}, which layers do not have`, name);
    // Before POSIX, a slash at the end made a directory.
    const isDirectory = header.type === '\0' && name.endsWith('/');
    const stored = fields.size ?? header.size;
    const hasData = type === 'file' && !isDirectory;
    const global = this.#global;
    const fromPax = fields.seconds === undefined ? global : fields;
    const entry: TarEntry = {
      type: isDirectory ? 'directory' : type,
      name,
      linkName,
      mode: header.mode,
      uid: fields.uid ?? global.uid ?? header.uid,
      gid: fields.gid ?? global.gid ?? header.gid,
      size: hasData ? stored : 0,
      seconds: fromPax.seconds ?? header.seconds,
      nanoseconds: fromPax.nanoseconds ?? 0,
      xattrs: xattrList(global, fields),
      extents: undefined,
    };
    return { entry, stored: hasData ? stored : 0, fields };
  }

  #begin(header: Header): void {
    const { entry, stored, fields } = this.#combine(header);
    const { sparse } = fields;
    if (entry.type !== 'file' || (sparse.major === undefined && sparse.numbers === undefined)) {
      this.#start(entry, stored, paddingOf(stored), [{ offset: 0, length: stored }]);
      return;
    }
    const whole = { ...entry, name: sparse.name || entry.name, size: sparse.realSize ?? sparse.size ?? entry.size };
    if (whole.name.includes('\0')) throw damaged('a name has a NUL', whole.name);
    const padding = paddingOf(stored);
    if (sparse.numbers !== undefined) this.#beginSparse(whole, sparse.numbers, stored, padding);
    else if (sparse.major !== 1 || (sparse.minor ?? 0) !== 0)
      throw damaged('it is sparse in an unknown form', entry.name);
    else if (stored < BLOCK) throw damaged('its sparse map is missing', entry.name);
    else this.#state = { kind: 'sparseText', entry: whole, map: new SparseMapText(entry.name), left: stored, padding };
  }

  #beginOldSparse(header: Header, map: OldSparseMap): void {
    const { entry, stored } = this.#combine(header);
    this.#beginSparse({ ...entry, size: map.size }, map.numbers, stored, paddingOf(stored));
  }

  #beginSparse(entry: TarEntry, numbers: readonly number[], stored: number, padding: number): void {
    const extents = checkedExtents(numbers, entry.size, stored, entry.name);
    this.#start({ ...entry, extents }, stored, padding, extents);
  }

  #start(entry: TarEntry, stored: number, padding: number, extents: Extent[]): void {
    this.#handler.entry(entry);
    if (stored > 0) {
      const position = extents[0]?.offset ?? 0;
      this.#state = { kind: 'data', left: stored, padding, position, extents, extent: 0 };
      return;
    }
    this.#handler.finish();
    this.#pad(padding);
  }

  #takeData(state: Extract<State, { kind: 'data' }>, chunk: Buffer, at: number): number {
    const { offset, length } = state.extents[state.extent] ?? { offset: 0, length: 0 };
    const size = Math.min(offset + length - state.position, chunk.length - at);
    this.#handler.data(chunk, at, at + size, state.position);
    state.position += size;
    state.left -= size;
    if (state.left === 0) {
      this.#pad(state.padding);
      this.#handler.finish();
    } else if (state.position === offset + length) {
      state.extent += 1;
      state.position = state.extents[state.extent]?.offset ?? 0;
    }
    return at + size;
  }
}
