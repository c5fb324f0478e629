import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { launcherElf } from '../../../src/launch/elf.ts';
import { interpreterCode } from '../../../src/launch/interpreter/code.ts';
import {
  DATA_ADDRESS,
  INSTRUCTION_SIZE,
  PROGRAM_ADDRESS,
  type Program,
  TEXT_ADDRESS,
} from '../../../src/launch/isa.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import {
  ARCHITECTURES,
  call,
  constant,
  instruction,
  machine,
  programOf,
  runProgram,
  slot,
} from '../interpreter/machine.ts';

const MACHINE = { x86_64: 62, aarch64: 183 } as const;
const LARGEST_PAGE = { x86_64: 0x1000, aarch64: 0x1_0000 } as const;
const NOBODY = 65_534;

/** Reads the program headers as readelf -lW shows them. */
function segments(elf: Buffer) {
  const offset = Number(elf.readBigUInt64LE(32));
  return Array.from({ length: elf.readUInt16LE(56) }, (_, i) => {
    const header = elf.subarray(offset + i * 56);
    const field = (at: number) => Number(header.readBigUInt64LE(at));
    const flags = header.readUInt32LE(4);
    return {
      type: { 1: 'LOAD', 1685382481: 'GNU_STACK' }[header.readUInt32LE(0)],
      flags: `${flags & 4 ? 'R' : '-'}${flags & 2 ? 'W' : '-'}${flags & 1 ? 'X' : '-'}`,
      offset: field(8),
      address: field(16),
      fileSize: field(32),
      memorySize: field(40),
      align: field(48),
    };
  });
}

/** The smallest program: it exits with a status. */
function exiting(arch: Arch, status: number, parts: Partial<Program> = {}): Program {
  return programOf([call(arch, 'exit_group', [constant(status)], 0, 0)], parts);
}

/** Writes its first argument and exits with argc. */
function echoing(arch: Arch): Program {
  return programOf(
    [
      instruction('load64', [slot(0), constant(0)], { result: 1 }),
      instruction('load64', [slot(0), constant(16)], { result: 2 }),
      instruction('load8', [slot(2), slot(3)], { result: 4 }),
      instruction('equal', [slot(4), constant(0)], { target: 6 }),
      instruction('add', [slot(3), constant(1)], { result: 3 }),
      instruction('equal', [constant(0), constant(0)], { target: 2 }),
      call(arch, 'write', [constant(1), slot(2), slot(3)], 4, 7),
      call(arch, 'exit_group', [slot(1)], 0, 7),
    ],
    { slots: [0n, 0n, 0n, 0n, 0n] },
  );
}

const PARTS: Record<string, Partial<Program>> = {
  'nothing but a slot': { slots: [0n] },
  'slots, all zero': { slots: Array(100).fill(0n) },
  'a slot that is not zero': { slots: [0n, 1n] },
  data: { data: Buffer.from('data') },
  'data that end in zeros': { data: Buffer.concat([Buffer.from('data'), Buffer.alloc(10_000)]) },
  'zeroed bytes': { zeroed: 300_000 },
  constants: { constants: Buffer.from('constants') },
  'more constants than fit in a page': { constants: Buffer.alloc(70_000, 1) },
  everything: { constants: Buffer.alloc(5000, 1), slots: [0n, 5n], data: Buffer.alloc(9000, 2), zeroed: 100_000 },
};

for (const arch of ARCHITECTURES) {
  describe(`a launcher for ${arch}`, () => {
    for (const [name, parts] of Object.entries(PARTS)) {
      test(`with ${name} has text, program and data apart, and no segment writable and executable`, () => {
        const program = exiting(arch, 0, parts);
        const elf = launcherElf(arch, program);
        const [text, readOnly, data, stack, ...rest] = segments(elf);
        assert.deepEqual(rest, []);
        assert.deepEqual([text?.type, text?.flags, text?.address], ['LOAD', 'R-X', TEXT_ADDRESS]);
        assert.deepEqual([readOnly?.type, readOnly?.flags, readOnly?.address], ['LOAD', 'R--', PROGRAM_ADDRESS]);
        assert.deepEqual([data?.type, data?.flags, data?.address], ['LOAD', 'RW-', DATA_ADDRESS]);
        assert.deepEqual([stack?.type, stack?.flags], ['GNU_STACK', 'RW-']);

        for (const { align, offset, address, fileSize, memorySize } of [text, readOnly, data].filter((s) => !!s)) {
          assert.equal(align, LARGEST_PAGE[arch]);
          assert.equal(offset % align, address % align);
          assert.ok(fileSize <= memorySize && offset + fileSize <= elf.length);
        }
        const written = program.slots.length * 8 + program.data.length + program.zeroed;
        assert.equal(data?.memorySize, written);
        assert.equal(readOnly?.fileSize, INSTRUCTION_SIZE + program.constants.length);
        const end = readOnly ? readOnly.offset + INSTRUCTION_SIZE : 0;
        assert.deepEqual(elf.subarray(end, end + program.constants.length), Buffer.from(program.constants));
      });
    }

    test('is a static ELF64 executable for this machine, entered at the interpreter', () => {
      const elf = launcherElf(arch, exiting(arch, 0));
      assert.deepEqual(elf.subarray(0, 16), Buffer.from('\x7fELF\x02\x01\x01'.padEnd(16, '\0'), 'latin1'));
      const ET_EXEC = 2;
      assert.deepEqual([elf.readUInt16LE(16), elf.readUInt16LE(18)], [ET_EXEC, MACHINE[arch]]);
      const entry = Number(elf.readBigUInt64LE(24)) - TEXT_ADDRESS;
      const { code } = interpreterCode(arch);
      assert.deepEqual(elf.subarray(entry, entry + code.length), code);
      assert.equal(segments(elf)[0]?.fileSize, entry + code.length);
    });

    test('is no longer than its parts and the alignment between them', () => {
      const page = LARGEST_PAGE[arch];
      assert.equal(launcherElf(arch, exiting(arch, 0)).length, page + INSTRUCTION_SIZE);
      assert.equal(
        launcherElf(arch, exiting(arch, 0, { zeroed: 1e9, data: Buffer.alloc(1e5) })).length,
        page + INSTRUCTION_SIZE,
      );
      assert.equal(launcherElf(arch, exiting(arch, 0, { slots: [0n, 1n, 0n] })).length, 2 * page + 8 + 1);
    });

    const how = machine(arch);
    describe('runs', { skip: 'skip' in how ? how.skip : false }, () => {
      for (const [name, parts] of Object.entries(PARTS)) {
        test(`with ${name}`, () => {
          const { status, signal, stderr } = runProgram(arch, exiting(arch, 42, parts));
          assert.deepEqual({ status, signal, stderr }, { status: 42, signal: null, stderr: '' });
        });
      }

      test('and finds its constants, data and zeroed bytes at the documented addresses', () => {
        const constants = Buffer.from('hello, ');
        const data = Buffer.from('world');
        const count = 5;
        const program = programOf(
          [
            call(arch, 'write', [constant(1), constant(PROGRAM_ADDRESS + count * INSTRUCTION_SIZE), constant(7)], 1, 4),
            call(arch, 'write', [constant(1), constant(DATA_ADDRESS + 16), constant(5)], 1, 4),
            instruction('store8', [constant(DATA_ADDRESS + 16), constant(5 + 9999), constant(33)]),
            call(arch, 'write', [constant(1), constant(DATA_ADDRESS + 16 + 5 + 9990), constant(10)], 1, 4),
            call(arch, 'exit_group', [slot(1)], 0, 4),
          ],
          { constants, data, zeroed: 10_000 },
        );
        const { stdout, status } = runProgram(arch, program);
        assert.deepEqual([stdout.toString(), status], [`hello, world${'\0'.repeat(9)}!`, 10]);
      });

      test('and finds its arguments through slot 0', () => {
        const { stdout, status } = runProgram(arch, echoing(arch), { arguments: ['Grüße,\nworld', 'x', 'y'] });
        assert.deepEqual([stdout.toString(), status], ['Grüße,\nworld', 4]);
      });

      test('as an unprivileged user', {
        skip: process.getuid?.() === 0 ? false : 'needs root to become another',
      }, () => {
        const getuid = programOf([call(arch, 'getuid', [], 1, 3), ...echoTo(arch)], { slots: [0n, 0n] });
        const { status, stdout } = runProgram(arch, getuid, { uid: NOBODY });
        assert.deepEqual([status, stdout.readUInt32LE()], [0, NOBODY]);
      });
    });
  });
}

/** Writes slot 1 and exits: instructions 1..3 of a program. */
function echoTo(arch: Arch) {
  return [
    call(arch, 'write', [constant(1), constant(DATA_ADDRESS + 8), constant(8)], 0, 3),
    call(arch, 'exit_group', [constant(0)], 0, 2),
    call(arch, 'exit_group', [constant(1)], 0, 3),
  ];
}

describe('a running launcher', {
  skip: process.arch === 'x64' ? false : 'reads the memory map of an x86_64 process',
}, () => {
  test('has no memory that is writable and executable, and an unexecutable stack', () => {
    const arch = 'x86_64';
    const path = '/proc/self/maps\0';
    const program = programOf(
      [
        call(arch, 'openat', [constant(-100), constant(PROGRAM_ADDRESS + 6 * INSTRUCTION_SIZE), constant(0)], 1, 5),
        call(arch, 'read', [slot(1), constant(DATA_ADDRESS + 24), constant(8192)], 2, 5),
        instruction('equal', [slot(2), constant(0)], { target: 5 }),
        call(arch, 'write', [constant(1), constant(DATA_ADDRESS + 24), slot(2)], 2, 5),
        instruction('equal', [constant(0), constant(0)], { target: 1 }),
        call(arch, 'exit_group', [slot(2)], 0, 5),
      ],
      { constants: Buffer.from(path), slots: [0n, 0n, 1n], zeroed: 8192 },
    );
    const { stdout, status } = runProgram(arch, program);
    assert.equal(status, 0);
    const maps = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/));
    assert.ok(maps.length >= 4);
    const at = (address: number) =>
      maps.find(([range]) => range?.startsWith(address.toString(16).padStart(8, '0')))?.[1];
    assert.deepEqual([at(TEXT_ADDRESS), at(PROGRAM_ADDRESS), at(DATA_ADDRESS)], ['r-xp', 'r--p', 'rw-p']);
    assert.equal(maps.find((line) => line.at(-1) === '[stack]')?.[1], 'rw-p');
    for (const [range, flags = ''] of maps) assert.doesNotMatch(flags, /w.*x/, range);
  });
});
