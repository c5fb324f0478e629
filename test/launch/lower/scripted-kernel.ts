import type { Memory, ReferenceKernel } from '../../../src/launch/reference.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { errnoNumber } from '../../../src/linux/errno.ts';
import { syscallTable } from '../../../src/linux/syscall-numbers.ts';

export interface ScriptedCall {
  readonly name: string;
  readonly args: readonly bigint[];
  /** What it was answered. */
  answer: bigint;
  /** Texts and records that the call pointed to, as far as tests look at them. */
  readonly written?: Buffer;
}

/** What a call is answered; `earlier` counts the calls of that name before it. */
export type Script = Readonly<Record<string, (args: readonly bigint[], memory: Memory, earlier: number) => bigint>>;

const names = new Map<Arch, ReadonlyMap<number, string>>();

function nameOf(arch: Arch, number: number): string {
  let table = names.get(arch);
  if (!table) {
    table = new Map([...syscallTable(arch)].map(([name, value]) => [value, name]));
    names.set(arch, table);
  }
  return table.get(number) ?? `system call ${number}`;
}

const OPENS = new Set([
  'openat',
  'openat2',
  'fsopen',
  'fsmount',
  'open_tree',
  'socket',
  'pidfd_open',
  'signalfd4',
  'dup3',
]);

/** A negative errno, as the kernel answers it. */
export function failure(name: string): bigint {
  const number = errnoNumber(name);
  if (number === undefined) throw new RangeError(`${name} is no errno`);
  return BigInt(-number);
}

/**
 * A kernel in which everything goes well: what opens gives new descriptors, the rest 0. A script says what is answered
 * instead, and `failing` makes the call of that index fail with EIO.
 */
export class ScriptedKernel implements ReferenceKernel {
  readonly calls: ScriptedCall[] = [];
  readonly #arch: Arch;
  readonly #script: Script;
  readonly #failing: number;
  #next = 10;
  #counts = new Map<string, number>();

  constructor(arch: Arch, script: Script = {}, failing = -1) {
    this.#arch = arch;
    this.#script = script;
    this.#failing = failing;
  }

  syscall(number: number, args: readonly bigint[], memory: Memory): bigint {
    const name = nameOf(this.#arch, number);
    const earlier = this.#counts.get(name) ?? 0;
    this.#counts.set(name, earlier + 1);
    const call: ScriptedCall = { name, args: [...args], answer: 0n, ...written(name, args, memory) };
    this.calls.push(call);
    if (this.calls.length > 20_000) throw new Error(`the program does not come to an end: ${name} again and again`);
    call.answer = this.calls.length - 1 === this.#failing ? failure('EIO') : this.#answer(name, args, memory, earlier);
    return call.answer;
  }

  #answer(name: string, args: readonly bigint[], memory: Memory, earlier: number): bigint {
    const scripted = this.#script[name];
    if (scripted) return scripted(args, memory, earlier);
    if (OPENS.has(name)) return BigInt(this.#next++);
    if (name === 'pipe2' || name === 'socketpair') {
      const ends = Buffer.alloc(8);
      ends.writeInt32LE(this.#next++, 0);
      ends.writeInt32LE(this.#next++, 4);
      memory.write(args[name === 'pipe2' ? 0 : 3] ?? 0n, ends);
    }
    if (name === 'write') return args[2] ?? 0n;
    return 0n;
  }
}

function written(name: string, args: readonly bigint[], memory: Memory): { written?: Buffer } {
  const [, address = 0n, size = 0n] = args;
  if (name === 'write') return { written: memory.read(address, Number(size)) };
  if (name !== 'writev') return {};
  const parts = Array.from({ length: Number(size) }, (_, index) => {
    const vector = memory.read(address + BigInt(index * 16), 16);
    return memory.read(vector.readBigUInt64LE(0), Number(vector.readBigUInt64LE(8)));
  });
  return { written: Buffer.concat(parts) };
}

/** A NUL-terminated string of the program's memory. */
export function textAt(memory: Memory, address: bigint): string {
  let text = '';
  for (let at = address; ; at++) {
    const [byte = 0] = memory.read(at, 1);
    if (byte === 0) return text;
    text += String.fromCharCode(byte);
  }
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
