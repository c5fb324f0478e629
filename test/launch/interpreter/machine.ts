import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launcherElf } from '../../../src/launch/elf.ts';
import type { Instruction, Operand, Operation, Program } from '../../../src/launch/isa.ts';
import { type Arch, hostArch } from '../../../src/linux/arch.ts';
import { syscallNumber } from '../../../src/linux/syscall-numbers.ts';

export const ARCHITECTURES: readonly Arch[] = ['x86_64', 'aarch64'];

const EMULATOR: Record<Arch, string> = { x86_64: 'qemu-x86_64-static', aarch64: 'qemu-aarch64-static' };

/** How to run a file of an architecture here: directly, through an emulator, or why not at all. */
export function machine(arch: Arch): { readonly run: readonly string[] } | { readonly skip: string } {
  if (arch === hostArch()) return { run: [] };
  const emulator = EMULATOR[arch];
  if (spawnSync(emulator, ['--version']).error)
    return { skip: `${emulator} (package qemu-user-static) is not installed` };
  return { run: [emulator] };
}

export interface RunOptions {
  readonly arguments?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly uid?: number;
  /** Open files for descriptors 3, 4, … */
  readonly files?: readonly number[];
}

/** Writes a program's launcher to a temporary file that everyone may execute, and runs it to its end. */
export function runProgram(arch: Arch, program: Program, options: RunOptions = {}) {
  const how = machine(arch);
  if ('skip' in how) throw new Error(how.skip);
  const directory = mkdtempSync(join(tmpdir(), 'launcher-'));
  try {
    const file = join(directory, 'launcher');
    writeFileSync(file, launcherElf(arch, program), { mode: 0o755 });
    chmodSync(directory, 0o755);
    const [command = file, ...args] = [...how.run, file, ...(options.arguments ?? [])];
    const result = spawnSync(command, args, {
      env: options.environment ?? {},
      stdio: ['ignore', 'pipe', 'pipe', ...(options.files ?? [])],
      timeout: 20_000,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    if (result.error) throw result.error;
    const { status, signal, stdout, stderr } = result;
    return { status, signal, stdout: stdout as Buffer, stderr: (stderr as Buffer).toString() };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const slot = (index: number): Operand => ({ slot: index });
export const constant = (value: number): Operand => ({ constant: value });

/** Gives an instruction with everything that is not mentioned 0. */
export function instruction(
  operation: Operation,
  operands: readonly Operand[],
  { result = 0, target = 0, number = 0 }: { result?: number; target?: number; number?: number } = {},
): Instruction {
  return { operation, operands, result, target, number };
}

/** Gives a system call by name; its result goes to `result`, and a failure goes on at `target`. */
export function call(
  arch: Arch,
  name: string,
  operands: readonly Operand[],
  result: number,
  target: number,
): Instruction {
  return instruction('syscall', operands, { result, target, number: syscallNumber(arch, name) });
}

/** Gives a program of instructions; what is not mentioned is empty. */
export function programOf(instructions: readonly Instruction[], parts: Partial<Program> = {}): Program {
  return { constants: Buffer.of(), slots: [0n, 0n], data: Buffer.of(), zeroed: 0, ...parts, instructions };
}
