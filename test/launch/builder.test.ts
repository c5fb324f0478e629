import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { flags } from '../../src/launch/argument.ts';
import { ProgramBuilder } from '../../src/launch/builder.ts';
import { compileLauncher } from '../../src/launch/compile.ts';
import { DATA_ADDRESS, INSTRUCTION_SIZE, PROGRAM_ADDRESS } from '../../src/launch/isa.ts';
import { runReference } from '../../src/launch/reference.ts';
import { planSandbox } from '../../src/plan/plan.ts';
import { directoryInput, hostInput } from '../plan/inputs.ts';
import { ScriptedKernel } from './lower/scripted-kernel.ts';

/** Ends a program: status 0, or 1 where a failure leads. */
function end(builder: ProgramBuilder): void {
  builder.syscall('exit_group', [0]);
  builder.place(builder.onFailure);
  builder.syscall('exit_group', [1]);
}

function run(builder: ProgramBuilder, kernel = new ScriptedKernel(builder.arch)) {
  const result = runReference(builder.build(), kernel, { arch: builder.arch, arguments: ['x'], environment: [] });
  const value = (slot: { index: number }) => result.slots[slot.index];
  return { ...result, kernel, value };
}

describe('the program builder', () => {
  test('goes to onFailure with the errno in outcome and the step that failed', () => {
    const builder = new ProgramBuilder('x86_64');
    builder.beginStep(3);
    builder.syscall('fsync', [0]);
    builder.beginStep(4);
    builder.syscall('fchdir', [0]);
    end(builder);
    const { exit, value, slots } = run(builder, new ScriptedKernel('x86_64', {}, 1));
    assert.deepEqual(exit, { reason: 'exit', status: 1 });
    assert.equal(value(builder.step), 4n);
    assert.equal(slots.length, 3);
  });

  test('keeps a result only when the call succeeds', () => {
    const builder = new ProgramBuilder('x86_64');
    const [kept, lost] = [builder.slot('kept', 5n), builder.slot('lost', 5n)];
    builder.syscall('getpid', [], { result: kept });
    const failed = builder.label('failed');
    builder.syscall('umask', [0], { result: lost, onError: failed });
    builder.place(failed);
    end(builder);
    const { value } = run(builder, new ScriptedKernel('x86_64', { getpid: () => 42n, umask: () => -1n }));
    assert.deepEqual([value(kept), value(lost)], [42n, 5n]);
  });

  test('a failure that is ignored goes on with the next instruction', () => {
    const builder = new ProgramBuilder('aarch64');
    builder.syscall('fsync', [0], { onError: 'ignore' });
    end(builder);
    assert.deepEqual(run(builder, new ScriptedKernel('aarch64', {}, 0)).exit, { reason: 'exit', status: 0 });
  });

  test('stores equal constants once, apart from those that are aligned otherwise', () => {
    const builder = new ProgramBuilder('x86_64');
    assert.deepEqual(builder.string('/proc'), builder.string('/proc'));
    assert.notEqual(builder.string('/proc').offset, builder.string('/sys').offset);
    assert.equal(builder.words([1, 2]).offset % 8, 0);
    assert.equal(builder.words([1, 2]).offset, builder.words([1n, 2n]).offset);
    assert.notEqual(builder.data(Buffer.from('a'), 'a').offset, builder.data(Buffer.from('a'), 'a').offset);
  });

  test('pointers in tables lead to what they name, in every segment', () => {
    const builder = new ProgramBuilder('x86_64');
    const text = builder.string('constant');
    const data = builder.data(Buffer.from('data\0'), 'data');
    const buffer = builder.buffer(16, '&buffer');
    const table = builder.words([text, data, buffer, 7, -1]);
    const writable = builder.writableWords([text, 0]);
    const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => builder.slot(name));
    assert.ok(a && b && c && d && e && f);
    [a, b, c, d, e].forEach((slot, index) => void builder.load(slot, 64, table, index * 8));
    builder.store(64, writable, 8, 99);
    builder.load(f, 64, builder.behind(writable, 8));
    builder.store(32, buffer, 12, 0x01020304);
    end(builder);
    const { value, memory } = run(builder);
    assert.equal(memory.read(value(a) ?? 0n, 9).toString(), 'constant\0');
    assert.equal(memory.read(value(b) ?? 0n, 5).toString(), 'data\0');
    assert.equal(memory.read((value(c) ?? 0n) + 12n, 4).readUInt32LE(), 0x01020304);
    assert.deepEqual([value(d), value(e), value(f)], [7n, (1n << 64n) - 1n, 99n]);
    assert.ok((value(a) ?? 0n) >= BigInt(PROGRAM_ADDRESS + builder.length * INSTRUCTION_SIZE));
    assert.ok((value(b) ?? 0n) >= BigInt(DATA_ADDRESS));
  });

  test('refuses labels that are placed twice or never, calls that there are not, and text with a NUL', () => {
    const builder = new ProgramBuilder('aarch64');
    const label = builder.label('twice');
    builder.place(label);
    assert.throws(() => builder.place(label), /twice is placed twice/);
    builder.jump(builder.label('nowhere'));
    assert.throws(() => builder.build(), /nowhere is used but not placed/);
    assert.throws(() => builder.syscall('open', []), /no system call 'open'/);
    assert.throws(() => builder.string('a\0b'));
  });

  test('lists system calls as people read them', () => {
    const builder = new ProgramBuilder('x86_64');
    builder.beginStep(2);
    builder.syscall('mount', [
      0,
      builder.string('/'),
      builder.slot('root'),
      flags({ MS_REC: 1, MS_PRIVATE: 2 }, 'MS_REC', 'MS_PRIVATE'),
      7,
    ]);
    assert.deepEqual(builder.list(), [
      { step: 2, name: 'mount', arguments: ['0', '"/"', 'root', 'MS_REC|MS_PRIVATE', '7'] },
    ]);
    assert.deepEqual(flags({ A: 1 }), { kind: 'named', value: 0, text: '0' });
  });
});

describe('compiled launchers', () => {
  const plans = {
    host: planSandbox(hostInput()),
    directory: planSandbox(directoryInput({ spec: { terminal: 'own' } })),
  };
  for (const arch of ['x86_64', 'aarch64'] as const) {
    for (const [name, operations] of Object.entries(plans)) {
      test(`${name} on ${arch}: the same bytes each time, an executable, every step listed in order`, () => {
        const launcher = compileLauncher(operations, { arch });
        const elf = launcher.elf();
        assert.ok(elf.equals(compileLauncher(operations, { arch }).elf()));
        assert.equal(elf.subarray(0, 4).toString('latin1'), '\x7fELF');
        assert.equal(elf.readUInt16LE(18), arch === 'x86_64' ? 62 : 183);
        const listed = new Set(launcher.calls().map(({ step }) => step));
        // A step that emits no call of its own is a part of init's or the monitor's loops.
        assert.ok(listed.size >= operations.length - 1, `${listed.size} of ${operations.length}`);
      });
    }
  }
});
