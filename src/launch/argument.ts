import { errnoNumber } from '../linux/errno.ts';

/** A slot of the program; `name` is what listings show. */
export interface Slot {
  readonly kind: 'slot';
  readonly index: number;
  readonly name: string;
}

/** An address in one of the program's segments, known once the program is complete. */
export interface Pointer {
  readonly kind: 'pointer';
  readonly segment: 'constants' | 'data' | 'zeroed';
  readonly offset: number;
  /** How a listing shows what is there. */
  readonly text: string;
  /** The text is what is there, to be shown between quotes. */
  readonly quoted?: boolean;
}

/** A constant with the name or names that the manual gives it. */
export interface Named {
  readonly kind: 'named';
  readonly value: number;
  readonly text: string;
}

/** An argument of an instruction: a signed 32-bit constant, bare or named, a slot or an address. */
export type Argument = number | Named | Slot | Pointer;

/** A place in the program that instructions can go to; placed exactly once. */
export interface Label {
  readonly name: string;
  /** Index of the instruction that it stands before, once that is known. */
  position: number | undefined;
}

/** One system call of a finished program, for people: `mount("proc", …) -> failure goes on`. */
export interface ListedCall {
  readonly step: number;
  readonly name: string;
  readonly arguments: readonly string[];
}

/** Named flags or-ed together: `flags(constants, 'MS_REC', 'MS_PRIVATE')`. */
export function flags<Name extends string>(table: Readonly<Record<Name, number>>, ...names: Name[]): Named {
  const value = names.reduce((sum, name) => sum | table[name], 0);
  return { kind: 'named', value, text: names.length === 0 ? '0' : names.join('|') };
}

/** What a failed system call gives: the negative of an errno. Throws a RangeError for a name that is no errno's. */
export function failedWith(name: string): Named {
  const errno = errnoNumber(name);
  if (errno === undefined) throw new RangeError(`there is no errno ${name}`);
  return { kind: 'named', value: -errno, text: `-${name}` };
}

/** How a listing shows an argument. */
export function showArgument(value: Argument | bigint): string {
  if (typeof value !== 'object') return String(value);
  if (value.kind === 'slot') return value.name;
  return value.kind === 'pointer' && value.quoted ? JSON.stringify(value.text) : value.text;
}

/** How a listing shows a table of words. */
export function showWords(values: ReadonlyArray<number | bigint | Pointer>): string {
  return `[${values.map(showArgument).join(', ')}]`;
}
