import { FIELD, NUMBER_BITS, OPERAND_COUNT, OPERAND_SIZE } from './interpreter/instruction.ts';
import { INSTRUCTION_SIZE, type Instruction, type Operand, type Operation, type Program } from './isa.ts';

export type EncodeErrorCode =
  | 'no-instructions'
  | 'too-many-instructions'
  | 'no-stack-slot'
  | 'too-many-slots'
  | 'bad-zeroed-size'
  | 'bad-result'
  | 'bad-target'
  | 'bad-number'
  | 'too-many-operands'
  | 'bad-slot'
  | 'bad-constant';

/** A program that the instruction format cannot hold. `index` is the instruction's, where one is to blame. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
  readonly code: EncodeErrorCode;
  readonly index: number | undefined;

  constructor(code: EncodeErrorCode, message: string, index?: number) {
    super(index === undefined ? message : `instruction ${index}: ${message}`);
    this.code = code;
    this.index = index;
  }
}

/** Slots and targets are 16-bit fields. */
const LIMIT_16_BITS = 2 ** 16;

const isIndex = (value: number, length: number) => Number.isInteger(value) && value >= 0 && value < length;
const isInt32 = (value: number) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;

/**
 * Throws an EncodeError unless every slot, target, number and constant of the program fits its field and names something
 * that exists. Says nothing about what the program does.
 */
export function validateProgram(program: Program): void {
  const { instructions, slots, zeroed } = program;
  if (instructions.length === 0) throw new EncodeError('no-instructions', 'a program needs at least one instruction');
  if (instructions.length > LIMIT_16_BITS) {
    throw new EncodeError(
      'too-many-instructions',
      `${instructions.length} instructions; ${LIMIT_16_BITS} is the limit`,
    );
  }
  if (slots.length === 0) throw new EncodeError('no-stack-slot', 'slot 0, which takes the stack pointer, is missing');
  if (slots.length > LIMIT_16_BITS) {
    throw new EncodeError('too-many-slots', `${slots.length} slots; ${LIMIT_16_BITS} is the limit`);
  }
  if (!Number.isSafeInteger(zeroed) || zeroed < 0) {
    throw new EncodeError('bad-zeroed-size', `${zeroed} is no number of zeroed bytes`);
  }
  for (const [index, instruction] of instructions.entries()) validateInstruction(program, index, instruction);
}

function validateInstruction({ instructions, slots }: Program, index: number, instruction: Instruction): void {
  const { operation, result, target, number, operands } = instruction;
  if (!isIndex(result, slots.length)) {
    throw new EncodeError('bad-result', `result slot ${result} is not one of the ${slots.length} slots`, index);
  }
  if (!isIndex(target, instructions.length)) {
    throw new EncodeError(
      'bad-target',
      `target ${target} is not one of the ${instructions.length} instructions`,
      index,
    );
  }
  if (!isIndex(number, operation === 'syscall' ? 1 << NUMBER_BITS : 1)) {
    throw new EncodeError('bad-number', `system call number ${number} is out of range for '${operation}'`, index);
  }
  if (operands.length > OPERAND_COUNT) {
    throw new EncodeError('too-many-operands', `${operands.length} operands; ${OPERAND_COUNT} is the limit`, index);
  }
  for (const operand of operands) validateOperand(operand, slots.length, index);
}

function validateOperand(operand: Operand, slotCount: number, index: number): void {
  if ('slot' in operand) {
    if (isIndex(operand.slot, slotCount)) return;
    throw new EncodeError('bad-slot', `operand slot ${operand.slot} is not one of the ${slotCount} slots`, index);
  }
  if (isInt32(operand.constant)) return;
  throw new EncodeError('bad-constant', `constant ${operand.constant} is not a signed 32-bit integer`, index);
}

/**
 * Gives the instructions as they lie in memory at `PROGRAM_ADDRESS`, `INSTRUCTION_SIZE` bytes each; `handlers` says where
 * each operation's code lies in the text segment. Throws an EncodeError for what `validateProgram` refuses.
 */
export function encodeInstructions(program: Program, handlers: Readonly<Record<Operation, number>>): Buffer {
  validateProgram(program);
  const bytes = Buffer.alloc(program.instructions.length * INSTRUCTION_SIZE);
  // Plain loops and one view: this runs cold each time a launcher is compiled, and takes as long as its instructions are many.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let index = 0; index < program.instructions.length; index++) {
    const instruction = program.instructions[index] as Instruction;
    const { operands } = instruction;
    const start = index * INSTRUCTION_SIZE;
    let mask = 0;
    for (let i = 0; i < operands.length; i++) {
      const operand = operands[i] as Operand;
      const isSlot = 'slot' in operand;
      if (isSlot) mask |= 1 << i;
      view.setInt32(start + FIELD.operands + i * OPERAND_SIZE, isSlot ? operand.slot : operand.constant, true);
    }
    view.setUint16(start + FIELD.handler, handlers[instruction.operation], true);
    view.setUint16(start + FIELD.result, instruction.result, true);
    view.setUint16(start + FIELD.target, instruction.target, true);
    view.setUint16(start + FIELD.numberAndMask, instruction.number | (mask << NUMBER_BITS), true);
  }
  return bytes;
}
