/**
 * The reference interpreter: what a program means, in TypeScript. Tests hold the machine code to it, and run programs
 * against a kernel that is not there.
 */
import type { Arch } from '../linux/arch.ts';
import { syscallNumber } from '../linux/syscall-numbers.ts';
import { validateProgram } from './encode.ts';
import { DATA_ADDRESS, type Instruction, type Operation, type Program, STACK_SLOT } from './isa.ts';
import { ProgramFault } from './reference/fault.ts';
import { initialMemory, type ProgramMemory } from './reference/memory.ts';

/** What a kernel may do with the program's memory: pointers among the arguments are addresses in it. */
export interface Memory {
  /** Gives a copy of `length` bytes. Throws a ProgramFault where the program has no memory. */
  read(address: bigint, length: number): Buffer;
  /** Throws a ProgramFault where the program has no memory, or may not write. */
  write(address: bigint, bytes: Uint8Array): void;
}

/** `RawKernel` of src/linux, shown the memory in addition. Arguments are unsigned; a result may be of either sign. */
export interface ReferenceKernel {
  syscall(nr: number, args: readonly bigint[], memory: Memory): bigint;
}

export interface ReferenceOptions {
  /** Decides the numbers of the system calls that end a run. */
  readonly arch: Arch;
  /** argv, with the program's name first. */
  readonly arguments: readonly (string | Uint8Array)[];
  /** envp: `NAME=value` each. */
  readonly environment: readonly (string | Uint8Array)[];
  /** Instructions after which a program counts as one that does not end; 1,000,000 by default. */
  readonly maxSteps?: number;
}

/** How a run ended: with a status (0..255), or by becoming another program. */
export type Exit = { readonly reason: 'exit'; readonly status: number } | { readonly reason: 'exec' };

export interface ReferenceRun {
  /** The slots' values at the end, unsigned. */
  readonly slots: readonly bigint[];
  readonly memory: Memory;
  readonly exit: Exit;
  /** Instructions executed, the last one included. */
  readonly steps: number;
}

type Arithmetic = Exclude<Operation, 'syscall' | keyof typeof COMPARISONS | keyof typeof LOADS | keyof typeof STORES>;

const COMPARISONS = {
  equal: (a: bigint, b: bigint) => a === b,
  notEqual: (a: bigint, b: bigint) => a !== b,
  less: (a: bigint, b: bigint) => BigInt.asIntN(64, a) < BigInt.asIntN(64, b),
  greaterOrEqual: (a: bigint, b: bigint) => BigInt.asIntN(64, a) >= BigInt.asIntN(64, b),
} as const;

const ARITHMETIC: Record<Arithmetic, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => (b === 0n ? 0n : a / b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  shiftLeft: (a, b) => a << (b % 64n),
  shiftRight: (a, b) => a >> (b % 64n),
};

/** Bytes loaded or stored. */
const LOADS = { load8: 1, load16: 2, load32: 4, load64: 8 } as const;
const STORES = { store8: 1, store32: 4, store64: 8 } as const;

const unsigned = (value: bigint) => BigInt.asUintN(64, value);

function isKey<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key);
}

/**
 * Runs a program from its first instruction until it exits, or until the kernel answers an execve with 0, which a real
 * one never does. Throws an EncodeError for an invalid program and a ProgramFault where the machine would kill it.
 */
export function runReference(program: Program, kernel: ReferenceKernel, options: ReferenceOptions): ReferenceRun {
  validateProgram(program);
  const memory = initialMemory(program, options);
  const machine = new Machine(program, memory, kernel, options.arch);
  const maxSteps = options.maxSteps ?? 1_000_000;
  for (let steps = 1; steps <= maxSteps; steps++) {
    const exit = machine.step();
    if (exit) return { slots: machine.slots(), memory, exit, steps };
  }
  throw new ProgramFault('step-limit', `the program did not end within ${maxSteps} instructions`);
}

class Machine {
  readonly #program: Program;
  readonly #memory: ProgramMemory;
  readonly #kernel: ReferenceKernel;
  readonly #ending: ReadonlyMap<number, Exit['reason']>;
  #next = 0;

  constructor(program: Program, memory: ProgramMemory, kernel: ReferenceKernel, arch: Arch) {
    this.#program = program;
    this.#memory = memory;
    this.#kernel = kernel;
    this.#ending = new Map([
      [syscallNumber(arch, 'exit'), 'exit'],
      [syscallNumber(arch, 'exit_group'), 'exit'],
      [syscallNumber(arch, 'execve'), 'exec'],
      [syscallNumber(arch, 'execveat'), 'exec'],
    ]);
    this.#setSlot(STACK_SLOT, memory.stackPointer);
  }

  slots(): bigint[] {
    return this.#program.slots.map((_, index) => this.#slot(index));
  }

  step(): Exit | undefined {
    const index = this.#next++;
    const instruction = this.#program.instructions[index];
    if (instruction === undefined) {
      throw new ProgramFault('ran-off-the-end', `the program went on after its last instruction, ${index - 1}`);
    }
    return this.#execute(instruction);
  }

  #execute(instruction: Instruction): Exit | undefined {
    const { operation, result, target } = instruction;
    if (operation === 'syscall') return this.#syscall(instruction);

    const a = this.#operand(instruction, 0);
    const b = this.#operand(instruction, 1);
    if (isKey(COMPARISONS, operation)) {
      if (COMPARISONS[operation](a, b)) this.#next = target;
    } else if (isKey(LOADS, operation)) {
      this.#setSlot(result, this.#memory.load(unsigned(a + b), LOADS[operation]));
    } else if (isKey(STORES, operation)) {
      this.#memory.store(unsigned(a + b), STORES[operation], this.#operand(instruction, 2));
    } else {
      this.#setSlot(result, ARITHMETIC[operation](a, b));
    }
    return undefined;
  }

  #syscall(instruction: Instruction): Exit | undefined {
    const args = [0, 1, 2, 3, 4, 5].map((i) => this.#operand(instruction, i));
    const answer = BigInt.asIntN(64, this.#kernel.syscall(instruction.number, args, this.#memory));
    const ending = this.#ending.get(instruction.number);
    if (ending === 'exit') return { reason: 'exit', status: Number((args[0] ?? 0n) & 0xffn) };
    if (ending === 'exec' && answer === 0n) return { reason: 'exec' };
    this.#setSlot(instruction.result, answer);
    if (answer >= -4095n && answer < 0n) this.#next = instruction.target;
    return undefined;
  }

  #operand({ operands }: Instruction, index: number): bigint {
    const operand = operands[index];
    if (operand === undefined) return 0n;
    return 'slot' in operand ? this.#slot(operand.slot) : unsigned(BigInt(operand.constant));
  }

  // Slots lie in memory, where loads and stores reach them too.
  #slot(index: number): bigint {
    return this.#memory.load(BigInt(DATA_ADDRESS + index * 8), 8);
  }

  #setSlot(index: number, value: bigint): void {
    this.#memory.store(BigInt(DATA_ADDRESS + index * 8), 8, value);
  }
}
