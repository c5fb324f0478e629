/** The memory of a program under the reference interpreter: its constants, its data and the initial stack. */
import { DATA_ADDRESS, INSTRUCTION_SIZE, PROGRAM_ADDRESS, type Program } from '../isa.ts';
import { ProgramFault } from './fault.ts';

/** End of the stack: where the kernel puts it without address randomisation on x86_64, page-aligned. */
const STACK_END = 0x7fff_ffff_f000n;
const AT_NULL = 0n;
/** Bytes of the stack below what the kernel put there; a real one grows by a rlimit's worth. */
const STACK_ROOM = 4096;

interface Region {
  readonly start: bigint;
  readonly bytes: Buffer;
  readonly writable: boolean;
}

export class ProgramMemory {
  readonly stackPointer: bigint;
  readonly #regions: readonly Region[];

  constructor(stackPointer: bigint, regions: readonly Region[]) {
    this.stackPointer = stackPointer;
    this.#regions = regions;
  }

  read(address: bigint, length: number): Buffer {
    const { bytes, offset } = this.#find(address, length);
    return Buffer.from(bytes.subarray(offset, offset + length));
  }

  write(address: bigint, written: Uint8Array): void {
    const { bytes, offset, writable } = this.#find(address, written.length);
    if (!writable) throw new ProgramFault('read-only', `write of ${written.length} bytes to ${place(address)}`);
    bytes.set(written, offset);
  }

  /** Gives `size` bytes (1..8) as a little-endian number. */
  load(address: bigint, size: number): bigint {
    const whole = Buffer.alloc(8);
    this.read(address, size).copy(whole);
    return whole.readBigUInt64LE();
  }

  /** Stores the lowest `size` bytes (1..8) of a number, little-endian. */
  store(address: bigint, size: number, value: bigint): void {
    const whole = Buffer.alloc(8);
    whole.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.write(address, whole.subarray(0, size));
  }

  #find(address: bigint, length: number) {
    for (const { start, bytes, writable } of this.#regions) {
      const end = start + BigInt(bytes.length);
      if (address >= start && address + BigInt(length) <= end) {
        return { bytes, offset: Number(address - start), writable };
      }
    }
    throw new ProgramFault('bad-address', `the program has no ${length} bytes of memory at ${place(address)}`);
  }
}

const place = (address: bigint) => `0x${address.toString(16)}`;

/**
 * Gives a program's memory as it is before the first instruction. The instructions' own bytes cannot be read: they differ
 * between the architectures.
 */
export function initialMemory(
  program: Program,
  started: { arguments: readonly (string | Uint8Array)[]; environment: readonly (string | Uint8Array)[] },
): ProgramMemory {
  const data = Buffer.alloc(program.slots.length * 8 + program.data.length + program.zeroed);
  for (const [index, value] of program.slots.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, value), index * 8);
  data.set(program.data, program.slots.length * 8);
  const stack = initialStack(started.arguments, started.environment);
  return new ProgramMemory(stack.start + BigInt(STACK_ROOM), [
    {
      start: BigInt(PROGRAM_ADDRESS + program.instructions.length * INSTRUCTION_SIZE),
      bytes: Buffer.from(program.constants),
      writable: false,
    },
    { start: BigInt(DATA_ADDRESS), bytes: data, writable: true },
    stack,
  ]);
}

/** Lays out argc, argv, envp, an empty auxiliary vector and the strings (System V ABI, "Process Initialization"). */
function initialStack(args: readonly (string | Uint8Array)[], environment: readonly (string | Uint8Array)[]): Region {
  const strings = [...args, ...environment].map((text) => Buffer.concat([Buffer.from(text), Buffer.of(0)]));
  const words = 1 + args.length + 1 + environment.length + 1 + 2;
  const size = Math.ceil((words * 8 + strings.reduce((sum, bytes) => sum + bytes.length, 0)) / 16) * 16;
  const bytes = Buffer.alloc(STACK_ROOM + size);
  const start = STACK_END - BigInt(size);

  let free = words * 8;
  const pointers = strings.map((string) => {
    bytes.set(string, STACK_ROOM + free);
    const pointer = start + BigInt(free);
    free += string.length;
    return pointer;
  });
  const argv = pointers.slice(0, args.length);
  const envp = pointers.slice(args.length);
  const head = [BigInt(args.length), ...argv, 0n, ...envp, 0n, AT_NULL, 0n];
  for (const [index, value] of head.entries()) bytes.writeBigUInt64LE(value, STACK_ROOM + index * 8);
  return { start: start - BigInt(STACK_ROOM), bytes, writable: true };
}
