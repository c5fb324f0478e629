import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Aarch64Assembler } from '../../../src/launch/assembler/aarch64.ts';
import { at, indexed, w, x } from '../../../src/launch/assembler/aarch64-operands.ts';
import { AssemblerError } from '../../../src/launch/assembler/assembler.ts';
import { X86Assembler } from '../../../src/launch/assembler/x86-64.ts';
import {
  dword,
  ecx,
  qword,
  r10,
  rax,
  rbp,
  rcx,
  rdi,
  rsp,
  scaled,
} from '../../../src/launch/assembler/x86-64-operands.ts';

/** Gives the bytes of a few x86_64 instructions, in hexadecimal. */
function x86(write: (a: X86Assembler<string>) => void): string {
  const a = new X86Assembler<string>();
  write(a);
  return a.assemble(0).code.toString('hex');
}
function aarch64(write: (a: Aarch64Assembler<string>) => void): string {
  const a = new Aarch64Assembler<string>();
  write(a);
  return a.assemble(0).code.toString('hex');
}

// Expected bytes are those of GNU as.
describe('x86_64 operands', () => {
  test('a base of rbp carries a displacement, one of rsp a SIB byte', () => {
    assert.equal(
      x86((a) => a.mov(rax, qword(rbp))),
      '488b4500',
    );
    assert.equal(
      x86((a) => a.mov(rax, qword(rsp))),
      '488b0424',
    );
    assert.equal(
      x86((a) => a.mov(rax, qword(rsp, 8))),
      '488b442408',
    );
  });
  test('displacements take one byte or four', () => {
    assert.equal(
      x86((a) => a.mov(ecx, dword(rdi, -128))),
      '8b4f80',
    );
    assert.equal(
      x86((a) => a.mov(ecx, dword(rdi, 128))),
      '8b8f80000000',
    );
  });
  test('new registers set the REX bits of base, index and register', () => {
    assert.equal(
      x86((a) => a.mov(r10, qword(r10, scaled(r10, 8)))),
      '4f8b14d2',
    );
  });
  test('rsp is refused as an index', () => {
    assert.throws(() => x86((a) => a.mov(rax, qword(rax, scaled(rsp, 1)))), AssemblerError);
  });
});

describe('x86_64 jumps', () => {
  const over = (bytes: number) =>
    x86((a) => {
      a.jmp('end');
      for (let i = 0; i < bytes; i++) a.xor(ecx, ecx);
      a.label('end');
    });
  test('are short up to 127 bytes and near beyond', () => {
    assert.equal(over(63).slice(0, 4), 'eb7e');
    assert.equal(over(64).slice(0, 10), 'e980000000');
  });
  test('backwards are short down to -128 bytes', () => {
    const back = (count: number) =>
      x86((a) => {
        a.label('start');
        for (let i = 0; i < count; i++) a.add(rcx, rcx);
        a.je('start');
      });
    assert.equal(back(42).slice(-4), '7480');
    assert.equal(back(43).slice(-12), '0f8479ffffff');
  });
  test('that grow push others out of reach', () => {
    const code = x86((a) => {
      // Over 126 bytes, as long as the next jump is short.
      a.jmp('end');
      a.jmp('far');
      for (let i = 0; i < 62; i++) a.xor(ecx, ecx);
      a.label('end');
      for (let i = 0; i < 10; i++) a.xor(ecx, ecx);
      a.label('far');
    });
    assert.equal(code.slice(0, 20), 'e981000000e990000000');
  });
});

describe('aarch64 fields', () => {
  test('refuse what does not fit', () => {
    assert.throws(() => aarch64((a) => a.movz(x(0), 0x1_0001)), AssemblerError);
    assert.throws(() => aarch64((a) => a.ldr(x(0), at(x(1), 7))), AssemblerError);
    assert.throws(() => aarch64((a) => a.ldrh(w(0), at(x(1), -257))), AssemblerError);
    assert.throws(() => aarch64((a) => a.cmn(x(0), 4096)), AssemblerError);
    assert.throws(() => aarch64((a) => a.ldr(x(0), indexed(x(1), x(2), 2))), AssemblerError);
    assert.throws(() => aarch64((a) => a.add(x(0), x(1), x(2), 64)), AssemblerError);
  });
  test('hold what does', () => {
    assert.equal(
      aarch64((a) => a.movz(x(1), 0xffff)),
      'e1ff9fd2',
    );
    assert.equal(
      aarch64((a) => a.ldr(x(0), at(x(1), 32_760))),
      '20fc7ff9',
    );
  });
});

describe('labels', () => {
  test('must be placed, once', () => {
    assert.throws(() => x86((a) => a.jmp('nowhere')), /label 'nowhere' is used, but never placed/);
    assert.throws(
      () =>
        aarch64((a) => {
          a.label('here');
          a.label('here');
        }),
      /label 'here' is placed twice/,
    );
  });
});
