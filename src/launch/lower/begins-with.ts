import type { Label, Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

/**
 * Goes to `differs` unless the string at `text` begins with the one at `beginning`; else goes on here, with `text` moved behind that
 * and `beginning` to its end. Both are NUL-terminated.
 */
export function expectBeginning(builder: ProgramBuilder, text: Slot, beginning: Slot, differs: Label): void {
  const [letter, other] = [builder.scratch('letter'), builder.scratch('other letter')];
  const next = builder.label('same so far');
  const end = builder.label('begins so');
  builder.place(next);
  builder.load(letter, 8, beginning, 0);
  builder.branch(letter, 'equal', 0, end);
  builder.load(other, 8, text, 0);
  builder.branch(letter, 'notEqual', other, differs);
  builder.compute(beginning, 'add', beginning, 1);
  builder.compute(text, 'add', text, 1);
  builder.jump(next);
  builder.place(end);
}
