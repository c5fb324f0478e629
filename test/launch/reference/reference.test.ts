import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EncodeError } from '../../../src/launch/encode.ts';
import {
  DATA_ADDRESS,
  INSTRUCTION_SIZE,
  type Operation,
  PROGRAM_ADDRESS,
  type Program,
} from '../../../src/launch/isa.ts';
import { ProgramFault, type ProgramFaultCode } from '../../../src/launch/reference/fault.ts';
import { type ReferenceKernel, runReference } from '../../../src/launch/reference.ts';
import { RecordingKernel } from '../../support/recording-kernel.ts';
import { call, constant, instruction, programOf, slot } from '../interpreter/machine.ts';

const arch = 'aarch64';
const exit = (index: number) => call(arch, 'exit_group', [constant(0)], 0, index);

function run(program: Program, kernel: ReferenceKernel = new RecordingKernel(arch), maxSteps = 1000) {
  return runReference(program, kernel, { arch, arguments: ['/bin/x', 'one'], environment: ['A=b'], maxSteps });
}

describe('operations', () => {
  const max = (1n << 64n) - 1n;
  const cases: [Operation, bigint, bigint, bigint][] = [
    ['add', max, 2n, 1n],
    ['subtract', 1n, 2n, max],
    ['multiply', max, max, 1n],
    ['divide', max, 2n, max >> 1n],
    ['divide', max, 0n, 0n],
    ['and', 0b1100n, 0b1010n, 0b1000n],
    ['or', 0b1100n, 0b1010n, 0b1110n],
    ['shiftLeft', 3n, 63n, 1n << 63n],
    ['shiftLeft', 3n, 65n, 6n],
    ['shiftRight', max, 63n, 1n],
    ['shiftRight', max, max, 1n],
  ];
  for (const [operation, a, b, expected] of cases) {
    test(`${operation} ${a} ${b} gives ${expected}`, () => {
      const program = programOf([instruction(operation, [slot(1), slot(2)], { result: 3 }), exit(1)], {
        slots: [0n, a, b, 0n],
      });
      assert.equal(run(program).slots[3], expected);
    });
  }

  test('comparisons are signed', () => {
    const taken = (operation: Operation, a: number, b: number) =>
      run(
        programOf([
          instruction(operation, [constant(a), constant(b)], { target: 2 }),
          instruction('add', [constant(1), constant(0)], { result: 1 }),
          exit(2),
        ]),
      ).slots[1] === 0n;
    assert.deepEqual([taken('less', -1, 0), taken('less', 0, -1), taken('less', 0, 0)], [true, false, false]);
    assert.deepEqual([taken('greaterOrEqual', -1, 0), taken('greaterOrEqual', 0, 0)], [false, true]);
  });

  test('stores reach the slots, which lie in memory', () => {
    const program = programOf([instruction('store8', [constant(DATA_ADDRESS), constant(9), constant(-1)]), exit(1)]);
    assert.equal(run(program).slots[1], 0xff00n);
  });
});

describe('system calls', () => {
  test('reach the kernel with six unsigned arguments, and a failure goes on at the target', () => {
    const kernel = new RecordingKernel(arch, { openat: { errno: 'ENOENT' } });
    const program = programOf(
      [call(arch, 'openat', [constant(-100), slot(1)], 1, 2), call(arch, 'getpid', [], 1, 2), exit(2)],
      { slots: [0n, 77n] },
    );
    const { slots, exit: end, steps } = run(program, kernel);
    assert.deepEqual(kernel.calls, [
      { name: 'openat', args: [(1n << 64n) - 100n, 77n, 0n, 0n, 0n, 0n] },
      { name: 'exit_group', args: [0n, 0n, 0n, 0n, 0n, 0n] },
    ]);
    assert.deepEqual([slots[1], end, steps], [(1n << 64n) - 2n, { reason: 'exit', status: 0 }, 2]);
  });

  test('may read and write the memory of the program', () => {
    const kernel: ReferenceKernel = {
      syscall: (_nr, [address = 0n], memory) => {
        if (address === 0n) return 0n;
        memory.write(address, memory.read(address, 3).reverse());
        return 0n;
      },
    };
    const program = programOf([call(arch, 'uname', [constant(DATA_ADDRESS + 16)], 1, 1), exit(1)], {
      data: Buffer.from('abc'),
    });
    const { memory } = run(program, kernel);
    assert.equal(memory.read(BigInt(DATA_ADDRESS + 16), 3).toString(), 'cba');
  });

  test('exit gives the lowest 8 bits of its status; a successful execve ends the program as well', () => {
    assert.deepEqual(run(programOf([call(arch, 'exit', [constant(0x1ff)], 0, 0)])).exit, {
      reason: 'exit',
      status: 255,
    });
    assert.deepEqual(run(programOf([call(arch, 'execve', [], 1, 0)])).exit, { reason: 'exec' });
    const failing = new RecordingKernel(arch, { execve: { errno: 'ENOEXEC' } });
    const program = programOf([call(arch, 'execve', [], 1, 1), exit(1)]);
    assert.deepEqual(run(program, failing).exit, { reason: 'exit', status: 0 });
  });
});

test('slot 0 points to argc, argv, envp and their strings', () => {
  const { slots, memory } = run(programOf([exit(0)]));
  const stack = slots[0] ?? 0n;
  const word = (index: number) => memory.read(stack + BigInt(index * 8), 8).readBigUInt64LE();
  assert.equal(stack % 16n, 0n);
  assert.equal(word(0), 2n);
  assert.equal(memory.read(word(1), 7).toString(), '/bin/x\0');
  assert.equal(memory.read(word(2), 4).toString(), 'one\0');
  assert.equal(word(3), 0n);
  assert.equal(memory.read(word(4), 4).toString(), 'A=b\0');
  assert.deepEqual([word(5), word(6)], [0n, 0n]);
});

describe('what would kill a program on a real machine is a fault', () => {
  const constants = PROGRAM_ADDRESS + 2 * INSTRUCTION_SIZE;
  const load = (address: number) => instruction('load64', [constant(address)], { result: 1 });
  const store = (address: number) => instruction('store8', [constant(address)]);
  const faults: Record<string, [ProgramFaultCode, Program]> = {
    'a load from address 0': ['bad-address', programOf([load(0), exit(1)])],
    'a load that ends behind the data': ['bad-address', programOf([load(DATA_ADDRESS + 9), exit(1)])],
    'a load of instructions': ['bad-address', programOf([load(PROGRAM_ADDRESS), exit(1)])],
    'a store to constants': ['read-only', programOf([store(constants), exit(1)], { constants: Buffer.alloc(8) })],
    'running off the end': ['ran-off-the-end', programOf([instruction('add', [])])],
    'not ending': ['step-limit', programOf([instruction('equal', [])])],
  };
  for (const [name, [code, program]] of Object.entries(faults)) {
    test(name, () => {
      assert.throws(
        () => run(program),
        (error: unknown) => error instanceof ProgramFault && error.code === code,
      );
    });
  }
  test('constants can be read', () => {
    const program = programOf([load(constants), exit(1)], { constants: Buffer.from('12345678') });
    assert.equal(run(program).slots[1], Buffer.from('12345678').readBigUInt64LE());
  });
  test('an invalid program is refused', () => {
    assert.throws(() => run(programOf([])), EncodeError);
  });
});
