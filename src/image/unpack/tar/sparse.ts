import { damaged } from './damaged.ts';
import type { Extent } from './entry.ts';
import { parseNumber } from './header.ts';

/** More pieces than this are refused: their list is kept in memory. */
const MOST_EXTENTS = 65_536;
/** Of a header block of the old form, and of each that continues it. */
const OLD = { first: { at: 386, entries: 4, extended: 482 }, more: { at: 0, entries: 21, extended: 504 } } as const;
const REAL_SIZE_AT = 483;
const NUMBER = 12;

/**
 * Takes offsets and lengths in turns, and gives the extents. Throws an ImageError unless they ascend, lie within the file
 * and cover just the data that the archive has for it.
 */
export function checkedExtents(numbers: readonly number[], size: number, stored: number, name: string): Extent[] {
  if (numbers.length % 2 !== 0 || numbers.length / 2 > MOST_EXTENTS) throw damaged('its sparse map is malformed', name);
  const extents: Extent[] = [];
  let end = 0;
  let total = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const offset = numbers[index] ?? 0;
    const length = numbers[index + 1] ?? 0;
    if (offset < end || length < 0 || offset + length > size)
      throw damaged('its sparse map leads out of the file', name);
    end = offset + length;
    total += length;
    if (length > 0) extents.push({ offset, length });
  }
  if (total !== stored) throw damaged('its sparse map is not that of its data', name);
  return extents;
}

/** The old GNU form (type S): pieces in the header, and in blocks behind it. */
export class OldSparseMap {
  readonly numbers: number[] = [];
  readonly size: number;
  /** Whether another block of the map follows. */
  extended: boolean;
  readonly #name: string;

  constructor(header: Buffer, at: number, name: string) {
    this.#name = name;
    this.size = parseNumber(header, at + REAL_SIZE_AT, NUMBER, 'size', name);
    this.extended = this.#read(header, at, OLD.first);
  }

  /** Reads a block that continues the map. */
  add(block: Buffer): void {
    this.extended = this.#read(block, 0, OLD.more);
    if (this.numbers.length > 2 * MOST_EXTENTS) throw damaged('its sparse map is too long', this.#name);
  }

  #read(block: Buffer, at: number, part: (typeof OLD)['first' | 'more']): boolean {
    for (let index = 0; index < part.entries; index++) {
      const place = at + part.at + index * 2 * NUMBER;
      // An empty field ends the list.
      if (block[place] === 0) break;
      for (const offset of [place, place + NUMBER])
        this.numbers.push(parseNumber(block, offset, NUMBER, 'sparse map', this.#name));
    }
    return block[at + part.extended] !== 0;
  }
}

/** The form 1.0 of GNU tar: decimal numbers, each on a line of its own, at the start of the data and in whole blocks. */
export class SparseMapText {
  #text = '';
  #lines = 0;
  #wanted: number | undefined;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Takes the next block; gives the offsets and lengths once they are complete. */
  add(block: Buffer): number[] | undefined {
    const text = block.toString('latin1');
    for (const character of text) if (character === '\n') this.#lines += 1;
    this.#text += text;
    if (this.#wanted === undefined && this.#lines > 0) {
      const count = this.#number(this.#text.slice(0, this.#text.indexOf('\n')));
      if (count > MOST_EXTENTS) throw damaged('its sparse map is too long', this.#name);
      this.#wanted = 1 + 2 * count;
    }
    if (this.#text.length > MOST_EXTENTS * 2 * 18) throw damaged('its sparse map is too long', this.#name);
    if (this.#wanted === undefined || this.#lines < this.#wanted) return undefined;
    const lines = this.#text.split('\n', this.#wanted);
    return lines.slice(1).map((line) => this.#number(line));
  }

  #number(text: string): number {
    if (!/^\d{1,16}$/.test(text)) throw damaged('its sparse map is malformed', this.#name);
    return Number(text);
  }
}
