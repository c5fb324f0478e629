import type { Arch } from '../linux/arch.ts';
import { cString } from '../linux/bytes.ts';
import { syscallNumber } from '../linux/syscall-numbers.ts';
import {
  type Argument,
  type Label,
  type ListedCall,
  type Pointer,
  type Slot,
  showArgument,
  showWords,
} from './argument.ts';
import {
  DATA_ADDRESS,
  INSTRUCTION_SIZE,
  type Instruction,
  type Operand,
  type Operation,
  PROGRAM_ADDRESS,
  type Program,
} from './isa.ts';
import { Segment } from './segment.ts';

/** The step of what the monitor and init do besides the operations. */
const SUPERVISION = -1;

interface Pending {
  readonly operation: Operation;
  readonly name: string | undefined;
  readonly result: Slot;
  readonly target: Label | undefined;
  readonly number: number;
  readonly arguments: readonly Argument[];
  readonly step: number;
}

/**
 * Builds a {@link Program} instruction by instruction.
 *
 * Every system call that may not fail goes to {@link ProgramBuilder.onFailure} with the negative errno in
 * {@link ProgramBuilder.outcome} and the number of the current step in {@link ProgramBuilder.step}, so that whoever
 * is there can name both.
 */
export class ProgramBuilder {
  readonly arch: Arch;
  /** Initial stack pointer: argc, argv…, NULL, envp…, NULL. */
  readonly stack: Slot;
  /** Result of the latest system call. */
  readonly outcome: Slot;
  /** Number of the step being executed. */
  readonly step: Slot;
  /** Where a failing system call goes unless it says otherwise. */
  onFailure: Label;

  #instructions: Pending[] = [];
  #slots: bigint[] = [];
  #scratch = new Map<string, Slot>();
  readonly #constants = new Segment();
  #interned = new Map<string, number>();
  readonly #data = new Segment();
  #zeroedSize = 0;
  #step = SUPERVISION;

  constructor(arch: Arch) {
    this.arch = arch;
    this.stack = this.slot('stack');
    this.outcome = this.slot('outcome');
    this.step = this.slot('step');
    this.onFailure = this.label('failure');
  }

  /** A new slot that starts with `initial`. */
  slot(name: string, initial = 0n): Slot {
    this.#slots.push(initial);
    return { kind: 'slot', index: this.#slots.length - 1, name };
  }

  /** Changes the value that a slot starts with. */
  startWith(slot: Slot, value: number): void {
    this.#slots[slot.index] = BigInt(value);
  }

  /** A slot that every user of `name` shares: for values that do not outlive one operation. */
  scratch(name: string): Slot {
    const known = this.#scratch.get(name);
    if (known) return known;
    const slot = this.slot(name);
    this.#scratch.set(name, slot);
    return slot;
  }

  /** A place to be given by {@link place} later. */
  label(name: string): Label {
    return { name, position: undefined };
  }

  /** Gives `label` the position of the next instruction. */
  place(label: Label): void {
    if (label.position !== undefined) throw new Error(`label ${label.name} is placed twice`);
    label.position = this.#instructions.length;
  }

  /** Constant bytes; equal bytes are stored once. */
  bytes(content: Uint8Array, text = `${content.length} bytes`, align = 1): Pointer {
    const key = `${align}:${Buffer.from(content).toString('latin1')}`;
    return this.#constant(key, text, () => this.#constants.append(content, align));
  }

  /** A constant NUL-terminated string. Throws when it contains a NUL. */
  string(text: string): Pointer {
    const pointer = this.#constant(`"${text}`, text, () => this.#constants.append(cString(text), 1));
    return { ...pointer, quoted: true };
  }

  /** A constant table of 64-bit words, each a number or an address (argv, envp, iovec…). */
  words(values: ReadonlyArray<number | bigint | Pointer>, text?: string): Pointer {
    const append = () => this.#constants.appendWords(values);
    if (values.some((value) => typeof value === 'object'))
      return { kind: 'pointer', segment: 'constants', offset: append(), text: text ?? showWords(values) };
    return this.#constant(`[${values.join()}`, text ?? showWords(values), append);
  }

  /** The same, writable. */
  writableWords(values: ReadonlyArray<number | bigint | Pointer>, text?: string): Pointer {
    return {
      kind: 'pointer',
      segment: 'data',
      offset: this.#data.appendWords(values),
      text: text ?? showWords(values),
    };
  }

  /** Writable bytes with an initial content. */
  data(content: Uint8Array, text: string, align = 8): Pointer {
    return { kind: 'pointer', segment: 'data', offset: this.#data.append(content, align), text };
  }

  /** Writable bytes that start as zeros and cost nothing in the file. */
  buffer(size: number, text: string): Pointer {
    const offset = Math.ceil(this.#zeroedSize / 8) * 8;
    this.#zeroedSize = offset + size;
    return { kind: 'pointer', segment: 'zeroed', offset, text };
  }

  /** The place `offset` bytes behind `pointer`. */
  behind(pointer: Pointer, offset: number): Pointer {
    return { ...pointer, offset: pointer.offset + offset, text: `${pointer.text}+${offset}` };
  }

  /** What follows belongs to no step. */
  beginSupervision(): void {
    this.#step = SUPERVISION;
  }

  /** Starts step `number`: failures from here on name it. */
  beginStep(number: number): void {
    this.#step = number;
    this.move(this.step, number);
  }

  /**
   * A system call by its name in the kernel's table.
   * `onError` is a label, or 'ignore'; without it a failure goes to {@link onFailure}.
   * `result` takes the value when the call succeeds.
   */
  syscall(name: string, args: readonly Argument[], options: { onError?: Label | 'ignore'; result?: Slot } = {}): void {
    const next = this.label('next');
    const target = options.onError === 'ignore' ? next : (options.onError ?? this.onFailure);
    this.#emit('syscall', args, { target, name, number: syscallNumber(this.arch, name) });
    this.place(next);
    if (options.result) this.move(options.result, this.outcome);
  }

  /** slot = value */
  move(to: Slot, value: Argument): void {
    this.#emit('add', [value, 0], { result: to });
  }

  /** slot = left operation right */
  compute(
    to: Slot,
    operation: 'add' | 'subtract' | 'multiply' | 'divide' | 'and' | 'or' | 'shiftLeft' | 'shiftRight',
    left: Argument,
    right: Argument,
  ): void {
    this.#emit(operation, [left, right], { result: to });
  }

  /** slot = the little-endian value of `bits` bits at base + offset, zero-extended */
  load(to: Slot, bits: 8 | 16 | 32 | 64, base: Argument, offset: Argument = 0): void {
    this.#emit(`load${bits}`, [base, offset], { result: to });
  }

  /** the low `bits` bits of `value` go to base + offset */
  store(bits: 8 | 32 | 64, base: Argument, offset: Argument, value: Argument): void {
    this.#emit(`store${bits}`, [base, offset, value]);
  }

  /** Goes to `target` when the comparison (signed) holds. */
  branch(
    left: Argument,
    comparison: 'equal' | 'notEqual' | 'less' | 'greaterOrEqual',
    right: Argument,
    target: Label,
  ): void {
    this.#emit(comparison, [left, right], { target });
  }

  jump(target: Label): void {
    this.#emit('equal', [0, 0], { target });
  }

  /** Number of instructions so far. */
  get length(): number {
    return this.#instructions.length;
  }

  /** The finished program. Throws when a label was used but not placed. */
  build(): Program {
    const addressOf = (pointer: Pointer): number => this.#address(pointer);
    const constants = this.#constants.finish(addressOf);
    const data = this.#data.finish(addressOf);
    return {
      instructions: this.#instructions.map((pending) => this.#resolve(pending)),
      constants,
      slots: this.#slots,
      data,
      zeroed: this.#zeroedSize + 8,
    };
  }

  /** The system calls in program order, as text; addresses show what they point to. */
  list(): ListedCall[] {
    const calls: ListedCall[] = [];
    for (const { operation, name, arguments: args, step } of this.#instructions) {
      if (operation === 'syscall' && name)
        calls.push({ step, name, arguments: args.map((value) => showArgument(value)) });
    }
    return calls;
  }

  #emit(
    operation: Operation,
    args: readonly Argument[],
    options: { result?: Slot; target?: Label; number?: number; name?: string } = {},
  ): void {
    this.#instructions.push({
      operation,
      name: options.name,
      result: options.result ?? this.outcome,
      target: options.target,
      number: options.number ?? 0,
      arguments: args,
      step: this.#step,
    });
  }

  /** Stores what has the same key once. */
  #constant(key: string, text: string, append: () => number): Pointer {
    let offset = this.#interned.get(key);
    if (offset === undefined) {
      offset = append();
      this.#interned.set(key, offset);
    }
    return { kind: 'pointer', segment: 'constants', offset, text };
  }

  #address(pointer: Pointer): number {
    const constants = PROGRAM_ADDRESS + this.#instructions.length * INSTRUCTION_SIZE;
    const data = DATA_ADDRESS + this.#slots.length * 8;
    if (pointer.segment === 'constants') return constants + pointer.offset;
    if (pointer.segment === 'data') return data + pointer.offset;
    return Math.ceil((data + this.#data.size) / 8) * 8 + pointer.offset;
  }

  #resolve(pending: Pending): Instruction {
    let target = 0;
    if (pending.target) {
      const { position } = pending.target;
      if (position === undefined) throw new Error(`label ${pending.target.name} is used but not placed`);
      target = position;
    }
    return {
      operation: pending.operation,
      result: pending.result.index,
      target,
      number: pending.number,
      operands: pending.arguments.map((value) => this.#operand(value)),
    };
  }

  #operand(value: Argument): Operand {
    if (typeof value === 'number') return { constant: value };
    if (value.kind === 'slot') return { slot: value.index };
    if (value.kind === 'named') return { constant: value.value };
    return { constant: this.#address(value) };
  }
}
