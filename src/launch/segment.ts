import type { Pointer } from './argument.ts';

const FIRST_SIZE = 16 * 1024;
const WORD = 8;

/** A growing part of a program's memory, with the addresses in it that are known only once the program is complete. */
export class Segment {
  #bytes = Buffer.alloc(FIRST_SIZE);
  #size = 0;
  readonly #addresses: Array<{ readonly offset: number; readonly pointer: Pointer }> = [];

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes at the next multiple of `align`, and gives their offset. */
  append(content: Uint8Array, align: number): number {
    const offset = this.#reserve(content.length, align);
    this.#bytes.set(content, offset);
    return offset;
  }

  /** Adds 64-bit words, aligned, and gives the offset of the first. */
  appendWords(values: ReadonlyArray<number | bigint | Pointer>): number {
    const offset = this.#reserve(values.length * WORD, WORD);
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? 0;
      const at = offset + index * WORD;
      if (typeof value === 'object') this.#addresses.push({ offset: at, pointer: value });
      else if (typeof value === 'bigint') this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
      else this.#writeNumber(value, at);
    }
    return offset;
  }

  /** The finished bytes, with every address filled in. */
  finish(addressOf: (pointer: Pointer) => number): Buffer {
    for (const { offset, pointer } of this.#addresses) this.#writeNumber(addressOf(pointer), offset);
    return this.#bytes.subarray(0, this.#size);
  }

  /** Two's complement; numbers are faster here than big integers. */
  #writeNumber(value: number, at: number): void {
    this.#bytes.writeUInt32LE(value >>> 0, at);
    this.#bytes.writeInt32LE(Math.floor(value / 0x1_0000_0000) | 0, at + 4);
  }

  #reserve(length: number, align: number): number {
    const offset = Math.ceil(this.#size / align) * align;
    this.#size = offset + length;
    if (this.#size > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#size, this.#bytes.length * 2));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    return offset;
  }
}
