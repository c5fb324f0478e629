import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Memory, type ReferenceKernel, runReference } from '../../../src/launch/reference.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { syscallName } from '../../../src/linux/syscall-numbers.ts';
import { ARCHITECTURES, machine, runProgram } from './machine.ts';
import { CALLS, lower, randomProgram, UNKNOWN_CALL } from './random-program.ts';

/** Answers what random programs may ask as Linux does, and keeps what they write. */
class ModelKernel implements ReferenceKernel {
  readonly written: Buffer[] = [];
  readonly #arch: Arch;

  constructor(arch: Arch) {
    this.#arch = arch;
  }

  syscall(nr: number, args: readonly bigint[], memory: Memory): bigint {
    if (nr === UNKNOWN_CALL) return CALLS.unknown.answer;
    const name = syscallName(this.#arch, nr);
    const [, address = 0n, length = 0n] = args;
    switch (name) {
      case 'write':
        this.written.push(memory.read(address, Number(length)));
        return length;
      case 'exit_group':
        return 0n;
      case 'sched_yield':
      case 'close':
      case 'fsync':
      case 'fchdir':
        return CALLS[name].answer;
      default:
        throw new Error(`the model has no system call ${name ?? nr}`);
    }
  }
}

/** Programs compared; under emulation each costs several times as much. */
const RUNS: Record<Arch, { readonly direct: number; readonly emulated: number }> = {
  x86_64: { direct: 150, emulated: 30 },
  aarch64: { direct: 150, emulated: 60 },
};

describe('the machine code does what the reference interpreter does', () => {
  for (const arch of ARCHITECTURES) {
    const how = machine(arch);
    test(`random programs on ${arch}`, { skip: 'skip' in how ? how.skip : false }, () => {
      const runs = 'run' in how && how.run.length > 0 ? RUNS[arch].emulated : RUNS[arch].direct;
      fc.assert(
        fc.property(randomProgram, (random) => {
          const program = lower(arch, random);
          const kernel = new ModelKernel(arch);
          const expected = runReference(program, kernel, { arch, arguments: ['launcher'], environment: [] });
          assert.equal(expected.exit.reason, 'exit');

          const actual = runProgram(arch, program);

          assert.deepEqual(
            { signal: actual.signal, memory: actual.stdout.toString('hex') },
            { signal: null, memory: Buffer.concat(kernel.written).toString('hex') },
          );
          assert.deepEqual({ reason: 'exit', status: actual.status }, expected.exit);
        }),
        { numRuns: runs },
      );
    });
  }
});
