import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EncodeError, type EncodeErrorCode, encodeInstructions } from '../../../src/launch/encode.ts';
import { interpreterCode } from '../../../src/launch/interpreter/code.ts';
import type { Instruction, Program } from '../../../src/launch/isa.ts';
import { constant, instruction, programOf, slot } from '../interpreter/machine.ts';

const { handlers } = interpreterCode('x86_64');
const encode = (program: Program) => encodeInstructions(program, handlers);
const nothing = instruction('add', []);

describe('encoding', () => {
  test('lays an instruction out in 32 bytes', () => {
    const operands = [slot(1), constant(-2), constant(0x7fff_ffff), slot(2), constant(-0x8000_0000), slot(0)];
    const full = instruction('syscall', operands, { result: 2, target: 1, number: 1023 });
    const bytes = encode(programOf([nothing, full], { slots: [0n, 0n, 0n] })).subarray(32);
    assert.equal(bytes.length, 32);
    assert.equal(bytes.readUInt16LE(0), handlers.syscall);
    assert.equal(bytes.readUInt16LE(2), 2);
    assert.equal(bytes.readUInt16LE(4), 1);
    assert.equal(bytes.readUInt16LE(6) & 0x3ff, 1023);
    assert.equal(bytes.readUInt16LE(6) >> 10, 0b101001);
    const words = [0, 1, 2, 3, 4, 5].map((i) => bytes.readInt32LE(8 + 4 * i));
    assert.deepEqual(words, [1, -2, 0x7fff_ffff, 2, -0x8000_0000, 0]);
  });

  test('fills missing operands with the constant 0', () => {
    const bytes = encode(programOf([instruction('add', [slot(1)])]));
    assert.equal(bytes.readUInt16LE(6) >> 10, 1);
    assert.equal(bytes.subarray(12).equals(Buffer.alloc(20)), true);
  });
});

describe('encoding refuses', () => {
  const refusals: Record<string, [EncodeErrorCode, Instruction | Program]> = {
    'a program without instructions': ['no-instructions', programOf([])],
    'more instructions than a target can name': ['too-many-instructions', programOf(Array(65_537).fill(nothing))],
    'a program without the stack slot': ['no-stack-slot', programOf([nothing], { slots: [] })],
    'more slots than a result can name': ['too-many-slots', programOf([nothing], { slots: Array(65_537).fill(0n) })],
    'a negative number of zeroed bytes': ['bad-zeroed-size', programOf([nothing], { zeroed: -1 })],
    'a fraction of zeroed bytes': ['bad-zeroed-size', programOf([nothing], { zeroed: 0.5 })],
    'a result slot that does not exist': ['bad-result', instruction('add', [], { result: 2 })],
    'a negative result slot': ['bad-result', instruction('add', [], { result: -1 })],
    'a target behind the last instruction': ['bad-target', instruction('equal', [], { target: 1 })],
    'a target that was never resolved': ['bad-target', instruction('equal', [], { target: Number.NaN })],
    'a system call number of 11 bits': ['bad-number', instruction('syscall', [], { number: 1024 })],
    'a number on what is no system call': ['bad-number', instruction('add', [], { number: 1 })],
    'seven operands': ['too-many-operands', instruction('syscall', Array(7).fill(constant(0)))],
    'an operand slot that does not exist': ['bad-slot', instruction('add', [constant(1), slot(2)])],
    'a constant above 2^31 - 1': ['bad-constant', instruction('add', [constant(2 ** 31)])],
    'a constant below -2^31': ['bad-constant', instruction('add', [constant(-(2 ** 31) - 1)])],
    'a constant that is no integer': ['bad-constant', instruction('add', [constant(1.5)])],
  };
  for (const [what, [code, input]] of Object.entries(refusals)) {
    test(what, () => {
      const program = 'instructions' in input ? input : programOf([input]);
      assert.throws(
        () => encode(program),
        (error: unknown) => {
          assert.ok(error instanceof EncodeError);
          assert.equal(error.code, code);
          assert.equal(error.index, 'instructions' in input ? undefined : 0);
          return true;
        },
      );
    });
  }
});
