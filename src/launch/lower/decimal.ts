import type { Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

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
  const digit = builder.scratch('digit');
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

/** Reads decimal digits up to a NUL; the caller has made sure that there is nothing else. Moves `text` on. */
export function parseDecimal(builder: ProgramBuilder, text: Slot, result: Slot): void {
  const digit = builder.scratch('digit');
  const next = builder.label('next digit');
  const done = builder.label('number is read');
  builder.move(result, 0);
  builder.place(next);
  builder.load(digit, 8, text, 0);
  builder.branch(digit, 'equal', 0, done);
  builder.compute(digit, 'subtract', digit, '0'.charCodeAt(0));
  builder.compute(result, 'multiply', result, 10);
  builder.compute(result, 'add', result, digit);
  builder.compute(text, 'add', text, 1);
  builder.jump(next);
  builder.place(done);
}
