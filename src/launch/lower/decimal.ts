import type { ProgramBuilder, Slot } from '../builder.ts';

/** A number in decimal digits: where they start, NUL-terminated, and how many they are. */
export interface Digits {
  readonly start: Slot;
  readonly length: Slot;
}

/** Writes a non-negative number in decimal digits into a buffer of its own. */
export function decimal(builder: ProgramBuilder, number: Slot): Digits {
  const buffer = builder.buffer(24, 'digits');
  const end = builder.behind(buffer, 23);
  const start = builder.slot('digits');
  const length = builder.slot('digits length');
  const rest = builder.slot('rest');
  const quotient = builder.slot('quotient');
  const digit = builder.slot('digit');
  builder.move(rest, number);
  builder.move(start, end);
  const again = builder.label('next digit');
  builder.place(again);
  builder.compute(quotient, 'divide', rest, 10);
  builder.compute(digit, 'multiply', quotient, 10);
  builder.compute(digit, 'subtract', rest, digit);
  builder.compute(digit, 'add', digit, '0'.charCodeAt(0));
  builder.compute(start, 'subtract', start, 1);
  builder.store(8, start, 0, digit);
  builder.move(rest, quotient);
  builder.branch(rest, 'notEqual', 0, again);
  builder.compute(length, 'subtract', end, start);
  return { start, length };
}
