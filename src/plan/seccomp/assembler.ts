import { CODE, type FilterInstruction } from './instruction.ts';

/** Where a jump goes: to a verdict (what the filter returns), or to an instruction that is already there. */
export type Target =
  | { readonly kind: 'verdict'; readonly value: number }
  /** Counted from the end of the filter. */
  | { readonly kind: 'label'; readonly position: number };

export const verdict = (value: number): Target => ({ kind: 'verdict', value: value >>> 0 });

/** What jt and jf can hold. */
const FARTHEST = 255;

/**
 * Writes a filter from its end to its beginning: jumps only go forward in BPF, so where they go to is always known, and
 * a target that is too far away gets a stepping stone on the way.
 */
export class Assembler {
  readonly #reversed: FilterInstruction[] = [];
  /** The return that was written last, for each verdict. */
  readonly #returns = new Map<number, number>();

  /** Gives the filter in the order of its execution. */
  finish(): FilterInstruction[] {
    return this.#reversed.toReversed();
  }

  /** Loads a word of struct seccomp_data, then goes on with what was written before. */
  load(offset: number): Target {
    return this.#write([CODE.load, 0, 0, offset]);
  }

  /** Leaves the bits of a mask, then goes on with what was written before. */
  and(mask: number): Target {
    return this.#write([CODE.and, 0, 0, mask >>> 0]);
  }

  /** Compares the loaded word. */
  branch(
    comparison: 'equal' | 'greater' | 'greaterOrEqual' | 'anyBit',
    value: number,
    whenTrue: Target,
    whenFalse: Target,
  ): Target {
    // What is written for the second target moves the first away by one.
    const first = this.#reach(whenTrue, FARTHEST - 1);
    const second = this.#reach(whenFalse, FARTHEST);
    return this.#write([CODE[comparison], this.#distance(first), this.#distance(second), value >>> 0]);
  }

  /** Gives a place for a target that is not farther than `most` from the next instruction. */
  #reach(target: Target, most: number): number {
    const known = target.kind === 'label' ? target.position : this.#returns.get(target.value);
    if (known !== undefined && this.#distance(known) <= most) return known;
    const stone: FilterInstruction =
      target.kind === 'label' ? [CODE.jump, 0, 0, this.#distance(target.position)] : [CODE.return, 0, 0, target.value];
    this.#write(stone);
    const position = this.#reversed.length - 1;
    if (target.kind === 'verdict') this.#returns.set(target.value, position);
    return position;
  }

  #distance(position: number): number {
    return this.#reversed.length - position - 1;
  }

  #write(instruction: FilterInstruction): Target {
    this.#reversed.push(instruction);
    return { kind: 'label', position: this.#reversed.length - 1 };
  }
}
