import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProgramBuilder } from '../../../src/launch/builder.ts';
import { verdict } from '../../../src/launch/lower/audit-verdict.ts';
import { runReference } from '../../../src/launch/reference.ts';
import { AUDIT_ARCH, SECCOMP_RET } from '../../../src/linux/constants/seccomp.ts';
import { syscallTable } from '../../../src/linux/syscall-numbers.ts';
import { systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import type { FilterInstruction } from '../../../src/plan/seccomp/instruction.ts';
import { failsWith } from '../../../src/plan/seccomp/verdict.ts';
import { verdict as kernelVerdict, type SystemCallData } from '../../plan/bpf.ts';
import { ScriptedKernel } from './scripted-kernel.ts';

/** What the auditor would answer: the errno, and whether the call goes on. */
function judged(filter: readonly FilterInstruction[], call: SystemCallData): readonly [bigint, bigint] {
  const builder = new ProgramBuilder('x86_64');
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.arch >>> 0, 4);
  call.arguments.forEach((value, index) => void data.writeBigUInt64LE(value, 16 + index * 8));
  const errno = builder.slot('errno');
  const goesOn = builder.slot('goes on');
  verdict(builder, filter, builder.data(data, 'call'), { errno, goesOn });
  builder.syscall('kill', [errno, goesOn], { onError: 'ignore' });
  builder.syscall('exit_group', [0], { onError: 'ignore' });
  builder.place(builder.onFailure);
  builder.syscall('exit_group', [1]);
  const kernel = new ScriptedKernel('x86_64');
  runReference(builder.build(), kernel, { arch: 'x86_64', arguments: ['x'], environment: [] });
  const [first = -1n, second = -1n] = kernel.calls[0]?.args ?? [];
  return [first, second];
}

function expected(value: number): readonly [bigint, bigint] {
  const errno = failsWith(value);
  if (errno !== undefined) return [BigInt(errno), 0n];
  return value === SECCOMP_RET.SECCOMP_RET_ALLOW ? [0n, 1n] : [1n, 0n];
}

test('the auditor judges calls as the kernel would have', () => {
  for (const name of ['dev', 'strict'] as const) {
    const filter = systemCallFilter('x86_64', {
      choice: { kind: 'list', name },
      foreignCalls: 'allowed',
      capabilities: ['CAP_CHOWN'],
      guardTerminal: true,
      emulateRoot: false,
    });
    fc.assert(
      fc.property(
        fc.record({
          number: fc.oneof(fc.constantFrom(...syscallTable('x86_64').values()), fc.integer({ min: 0, max: 2 ** 31 })),
          arch: fc.constantFrom(AUDIT_ARCH.x86_64, AUDIT_ARCH.x86_64, AUDIT_ARCH.i386, AUDIT_ARCH.aarch64),
          arguments: fc.array(
            fc.oneof(fc.bigInt(0n, 64n), fc.constantFrom(0x5412n, 0x10000000n), fc.bigInt(0n, (1n << 64n) - 1n)),
            { minLength: 6, maxLength: 6 },
          ),
        }),
        (call) => {
          assert.deepEqual(judged(filter, call), expected(kernelVerdict(filter, call)));
        },
      ),
      { numRuns: 300 },
    );
  }
});

test('comparisons are of 32 bits without sign, to the largest', () => {
  const large = fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1);
  fc.assert(
    fc.property(fc.constantFrom(0x15, 0x25, 0x35, 0x45), large, large, large, (code, k, value, mask) => {
      const filter: FilterInstruction[] = [
        [0x20, 0, 0, 16],
        [0x54, 0, 0, mask],
        [code, 0, 1, k],
        [0x06, 0, 0, SECCOMP_RET.SECCOMP_RET_ALLOW],
        [0x05, 0, 0, 1],
        [0x06, 0, 0, SECCOMP_RET.SECCOMP_RET_KILL_PROCESS],
        [0x06, 0, 0, SECCOMP_RET.SECCOMP_RET_ERRNO + 38],
      ];
      const call = { number: 0, arch: 0, arguments: [BigInt(value), 0n, 0n, 0n, 0n, 0n] };
      assert.deepEqual(judged(filter, call), expected(kernelVerdict(filter, call)));
    }),
  );
});

test('instructions that filters here are not made of are an error', () => {
  const builder = new ProgramBuilder('x86_64');
  const slots = { errno: builder.slot('errno'), goesOn: builder.slot('goes on') };
  const data = builder.buffer(64, 'call');
  assert.throws(() => verdict(builder, [[0x07, 0, 0, 0]], data, slots), /instruction code 0x7/);
  assert.throws(() => verdict(builder, [[0x05, 0, 0, 7]], data, slots), /jumps to 8/);
});
