/** Registers and addresses of aarch64, their fields in an instruction and their notation. */
import { AssemblerError } from './assembler.ts';

/** A general register, seen as 64 (x) or 32 (w) bits. Number 31 is the stack pointer or zero, as the instruction says. */
export interface Register<W extends 32 | 64 = 32 | 64> {
  readonly number: number;
  readonly width: W;
}

/** Gives the 64-bit register `number` (0..30). */
export const x = (number: number): Register<64> => ({ number, width: 64 });
/** Gives the lower half of the register `number` (0..30); writing it clears the upper half. */
export const w = (number: number): Register<32> => ({ number, width: 32 });

export const STACK_POINTER = 31;
export const ZERO = 31;

export type Offset = { readonly kind: 'offset'; readonly base: Register<64>; readonly offset: number };
/** Where a load or store finds its memory: `[base, #offset]`, `[base], #step` or `[base, index, lsl #shift]`. */
export type Address =
  | Offset
  | { readonly kind: 'postIndex'; readonly base: Register<64>; readonly step: number }
  | { readonly kind: 'index'; readonly base: Register<64>; readonly index: Register<64>; readonly shift: number };

export const at = (base: Register<64>, offset = 0): Offset => ({ kind: 'offset', base, offset });
/** Uses the base as it is, then adds `step` to it. */
export const postIndex = (base: Register<64>, step: number): Address => ({ kind: 'postIndex', base, step });
export const indexed = (base: Register<64>, index: Register<64>, shift = 0): Address => ({
  kind: 'index',
  base,
  index,
  shift,
});

export const rd = ({ number }: Register) => number;
export const rn = ({ number }: Register) => number << 5;
export const rt2 = ({ number }: Register) => number << 10;
export const rm = ({ number }: Register) => number << 16;

/** Gives `value` as a field of `bits` bits at `position`; throws an AssemblerError when it does not fit. */
export function signedField(value: number, bits: number, position: number): number {
  const limit = 2 ** (bits - 1);
  if (!Number.isInteger(value) || value < -limit || value >= limit) {
    throw new AssemblerError(`${value} does not fit in a signed field of ${bits} bits`);
  }
  return (value & (2 ** bits - 1)) << position;
}
export function unsignedField(value: number, bits: number, position: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new AssemblerError(`${value} does not fit in an unsigned field of ${bits} bits`);
  }
  return value << position;
}

export function machineWord(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export const show = ({ number, width }: Register) => `${width === 64 ? 'x' : 'w'}${number}`;

export function showAddress(address: Address): string {
  const base = show(address.base);
  switch (address.kind) {
    case 'offset':
      return address.offset === 0 ? `[${base}]` : `[${base}, #${address.offset}]`;
    case 'postIndex':
      return `[${base}], #${address.step}`;
    case 'index':
      return `[${base}, ${show(address.index)}${address.shift ? `, lsl #${address.shift}` : ''}]`;
  }
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
