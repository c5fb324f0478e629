import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  DATA_ADDRESS,
  INSTRUCTION_SIZE,
  type Operand,
  PROGRAM_ADDRESS,
  TEXT_ADDRESS,
} from '../../../src/launch/isa.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { ARCHITECTURES, call, constant, instruction, machine, programOf, runProgram, slot } from './machine.ts';

const PAGE_64K = 0x1_0000;

/** A program that makes one store and exits with 0. */
function storing(arch: Arch, address: Operand) {
  return programOf(
    [instruction('store8', [address, constant(0), constant(1)]), call(arch, 'exit_group', [constant(0)], 1, 1)],
    { constants: Buffer.from('constant') },
  );
}

for (const arch of ARCHITECTURES) {
  const how = machine(arch);
  describe(`execution on ${arch}`, { skip: 'skip' in how ? how.skip : false }, () => {
    test('all six arguments of a system call reach the kernel, from constants and from slots', () => {
      const directory = mkdtempSync(join(tmpdir(), 'launcher-'));
      const path = join(directory, 'file');
      writeFileSync(
        path,
        Buffer.concat([Buffer.alloc(PAGE_64K), Buffer.from('sixth page offset'), Buffer.alloc(4096)]),
      );
      const file = openSync(path, 'r');
      try {
        // mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 64 KiB): a wrong argument fails, faults or shows other bytes.
        const values = [0, 4096, 1, 2, 3, PAGE_64K];
        for (const operands of [values.map(constant), values.map((_, i) => slot(i + 2))]) {
          const program = programOf(
            [
              call(arch, 'mmap', operands, 1, 2),
              call(arch, 'write', [constant(1), slot(1), constant(17)], 1, 2),
              call(arch, 'exit_group', [slot(1)], 1, 2),
            ],
            { slots: [0n, 0n, ...values.map(BigInt)] },
          );
          const { status, stdout } = runProgram(arch, program, { files: [file] });
          assert.deepEqual([stdout.toString(), status], ['sixth page offset', 17]);
        }
      } finally {
        closeSync(file);
        rmSync(directory, { recursive: true });
      }
    });

    test('a failed system call goes on at its target with the negated errno as the result', () => {
      const program = programOf([
        call(arch, 'close', [constant(-1)], 1, 2),
        call(arch, 'exit_group', [constant(99)], 0, 1),
        instruction('subtract', [constant(0), slot(1)], { result: 1 }),
        call(arch, 'exit_group', [slot(1)], 0, 3),
      ]);
      const EBADF = 9;
      assert.equal(runProgram(arch, program).status, EBADF);
    });

    test('a large result that is not an error is a success', () => {
      // An address is far above 2^31, but not among the last 4095 values.
      const program = programOf([
        call(arch, 'mmap', [constant(0), constant(4096), constant(1), constant(0x22), constant(-1)], 1, 3),
        instruction('greaterOrEqual', [constant(0x7fff_ffff), slot(1)], { target: 3 }),
        call(arch, 'exit_group', [constant(7)], 1, 2),
        call(arch, 'exit_group', [constant(1)], 1, 3),
      ]);
      assert.equal(runProgram(arch, program).status, 7);
    });

    test('the last of 65,536 instructions and the last of 65,536 slots can be reached', () => {
      const count = 65_536;
      const filler = instruction('add', [constant(0), constant(0)], { result: 1 });
      const instructions = Array.from({ length: count }, () => filler);
      instructions[0] = instruction('equal', [constant(0), constant(0)], { target: count - 2 });
      instructions[count - 2] = instruction('add', [slot(count - 1), constant(1)], { result: count - 1 });
      instructions[count - 1] = call(arch, 'exit_group', [slot(count - 1)], 0, 0);
      const slots = Array.from({ length: count }, () => 0n);
      slots[count - 1] = 41n;
      assert.equal(runProgram(arch, programOf(instructions, { slots })).status, 42);
    });

    test('the program may write its data, but neither its constants, its instructions nor the code', () => {
      const ok = runProgram(arch, storing(arch, constant(DATA_ADDRESS + 8)));
      assert.deepEqual([ok.status, ok.signal], [0, null]);
      for (const address of [PROGRAM_ADDRESS + 2 * INSTRUCTION_SIZE, PROGRAM_ADDRESS, TEXT_ADDRESS]) {
        const { signal } = runProgram(arch, storing(arch, constant(address)));
        assert.equal(signal, 'SIGSEGV', `store to 0x${address.toString(16)}`);
      }
    });
  });
}
