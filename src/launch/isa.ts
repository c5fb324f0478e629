/**
 * The instruction set of the launcher's interpreter, and the layout of a program in memory.
 *
 * A program is data: it decides nothing that the plan did not decide. It has 64-bit slots (its only registers),
 * a read-only segment (instructions and constant bytes) and a writable one (slots and buffers). All three lie at
 * fixed addresses, so that a pointer is a constant that the builder computes.
 */

/** Address of the interpreter's code; the ELF header is mapped in front of it, in the same page. */
export const TEXT_ADDRESS = 0x40_0000;
/** Address of the first instruction; the constant bytes follow the last one. Read-only. */
export const PROGRAM_ADDRESS = 0x100_0000;
/** Address of slot 0. The slots come first in the writable segment, then initialised data, then zeroed buffers. */
export const DATA_ADDRESS = 0x4000_0000;
/** Bytes of one encoded instruction. */
export const INSTRUCTION_SIZE = 32;
/** The interpreter stores the initial stack pointer (argc, argv…, NULL, envp…, NULL, auxv; System V ABI) here. */
export const STACK_SLOT = 0;

/**
 * What an instruction does with its operands a, b, c:
 *
 * - `syscall`: result = number(all six operands); when the kernel answers -4095..-1 the next instruction is `target`
 * - `equal`, `notEqual`, `less` (signed), `greaterOrEqual` (signed): compare a with b; when true, go to `target`
 * - `add` … `shiftRight` (logical): result = a op b, modulo 2^64; `divide` is unsigned, and a divisor of 0 gives 0
 * - `load8` … `load64`: result = the little-endian value at address a + b, zero-extended
 * - `store8` … `store64`: the low bits of c go to address a + b
 */
export const OPERATIONS = [
  'syscall',
  'equal',
  'notEqual',
  'less',
  'greaterOrEqual',
  'add',
  'subtract',
  'multiply',
  'divide',
  'and',
  'or',
  'shiftLeft',
  'shiftRight',
  'load8',
  'load16',
  'load32',
  'load64',
  'store8',
  'store32',
  'store64',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** An operand: a signed 32-bit constant, or the value of a slot. */
export type Operand = { readonly constant: number } | { readonly slot: number };

/** One instruction, with its targets resolved to instruction indices. */
export interface Instruction {
  readonly operation: Operation;
  /** Slot that takes the result (operations with a result); 0..65535. */
  readonly result: number;
  /** Index of the instruction to go on with: on failure of a system call, on success of a comparison. */
  readonly target: number;
  /** System call number, 0..1023; 0 for the other operations. */
  readonly number: number;
  /** At most six; missing ones are the constant 0. */
  readonly operands: readonly Operand[];
}

/** A complete program, ready to be encoded into an executable or run by the reference interpreter. */
export interface Program {
  readonly instructions: readonly Instruction[];
  /** Bytes that follow the instructions, at `PROGRAM_ADDRESS + instructions.length * INSTRUCTION_SIZE`. */
  readonly constants: Uint8Array;
  /** Initial values of the slots, each modulo 2^64; slot 0 is overwritten with the stack pointer. */
  readonly slots: readonly bigint[];
  /** Bytes that follow the slots, at `DATA_ADDRESS + slots.length * 8`. */
  readonly data: Uint8Array;
  /** Zeroed bytes that follow the data; cost nothing in the file. */
  readonly zeroed: number;
}
