/**
 * The launcher's interpreter for aarch64; see the one for x86_64 for what it does and why.
 *
 * x0..x5: operands, as the kernel takes a system call's arguments (syscall(2)); x0 is the result ·
 * w8: number and mask · x9: scratch · x19: the instruction (from the dispatch on, the next one) · x20: slot 0 ·
 * x21: start of the text segment · x22: first instruction.
 */
import { Aarch64Assembler } from '../assembler/aarch64.ts';
import { at, indexed, postIndex, w, x } from '../assembler/aarch64-operands.ts';
import type { AssembledCode } from '../assembler/assembler.ts';
import { DATA_ADDRESS, INSTRUCTION_SIZE, PROGRAM_ADDRESS, STACK_SLOT, TEXT_ADDRESS } from '../isa.ts';
import type { InterpreterLabel } from './code.ts';
import { FIELD, NUMBER_BITS, OPERAND_SIZE } from './instruction.ts';

const SLOT_SIZE = 8;
const ERRORS = 4095;

const scratch = 9;
const pc = x(19);
const slots = x(20);
const text = x(21);
const program = x(22);
const numberAndMask = w(8);

/** Gives the code for loading at `origin`. */
export function assembleAarch64(origin: number): AssembledCode<InterpreterLabel> {
  const a = new Aarch64Assembler<InterpreterLabel>();
  const slot = (index: ReturnType<typeof x>) => indexed(slots, index, Math.log2(SLOT_SIZE));

  const operand = (i: number, behind: number) => at(pc, FIELD.operands + i * OPERAND_SIZE - behind);
  /** Replaces a decoded operand by the slot's value, when it is the index of one. */
  const lookUp = (i: number) => {
    a.tbz(numberAndMask, NUMBER_BITS + i, `value${i}`);
    a.ldr(x(i), slot(x(i)));
    a.label(`value${i}`);
  };
  const finished = (field: number) => at(pc, field - INSTRUCTION_SIZE);

  a.label('entry');
  a.movz(slots, DATA_ADDRESS);
  a.movz(text, TEXT_ADDRESS);
  a.movz(program, PROGRAM_ADDRESS);
  a.movFromSp(x(scratch));
  a.str(x(scratch), at(slots, STACK_SLOT * SLOT_SIZE));
  a.movz(pc, PROGRAM_ADDRESS);
  a.b('next');

  a.label('branch');
  a.ldrh(w(scratch), finished(FIELD.target));
  a.add(pc, program, x(scratch), Math.log2(INSTRUCTION_SIZE));
  a.b('next');

  a.label('add');
  a.add(x(0), x(0), x(1));
  a.label('store');
  a.ldrh(w(scratch), finished(FIELD.result));
  a.str(x(0), slot(x(scratch)));
  a.label('next');
  a.ldrh(numberAndMask, at(pc, FIELD.numberAndMask));
  a.ldpsw(x(0), x(1), operand(0, 0));
  // The fourth comes along; only `syscall` looks at it.
  a.ldpsw(x(2), x(3), operand(2, 0));
  for (const i of [0, 1, 2]) lookUp(i);
  a.ldrh(w(scratch), postIndex(pc, INSTRUCTION_SIZE));
  a.add(x(scratch), text, x(scratch));
  a.br(x(scratch));

  a.label('syscall');
  a.ldpsw(x(4), x(5), operand(4, INSTRUCTION_SIZE));
  for (const i of [3, 4, 5]) lookUp(i);
  a.ubfx(numberAndMask, numberAndMask, NUMBER_BITS);
  a.svc();
  a.ldrh(w(scratch), finished(FIELD.result));
  a.str(x(0), slot(x(scratch)));
  a.cmn(x(0), ERRORS);
  a.bIf('cs', 'branch');
  a.b('next');

  for (const [operation, condition] of [
    ['equal', 'eq'],
    ['notEqual', 'ne'],
    ['less', 'lt'],
    ['greaterOrEqual', 'ge'],
  ] as const) {
    a.label(operation);
    a.cmp(x(0), x(1));
    a.bIf(condition, 'branch');
    a.b('next');
  }

  a.label('subtract');
  a.sub(x(0), x(0), x(1));
  a.b('store');
  a.label('multiply');
  a.mul(x(0), x(0), x(1));
  a.b('store');
  a.label('divide');
  a.udiv(x(0), x(0), x(1));
  a.b('store');
  a.label('and');
  a.and(x(0), x(0), x(1));
  a.b('store');
  a.label('or');
  a.orr(x(0), x(0), x(1));
  a.b('store');
  a.label('shiftLeft');
  a.lsl(x(0), x(0), x(1));
  a.b('store');
  a.label('shiftRight');
  a.lsr(x(0), x(0), x(1));
  a.b('store');

  const addressed = indexed(x(0), x(1));
  a.label('load8');
  a.ldrb(w(0), addressed);
  a.b('store');
  a.label('load16');
  a.ldrh(w(0), addressed);
  a.b('store');
  a.label('load32');
  a.ldr(w(0), addressed);
  a.b('store');
  a.label('load64');
  a.ldr(x(0), addressed);
  a.b('store');

  a.label('store8');
  a.strb(w(2), addressed);
  a.b('next');
  a.label('store32');
  a.str(w(2), addressed);
  a.b('next');
  a.label('store64');
  a.str(x(2), addressed);
  a.b('next');

  return a.assemble(origin);
}
