import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProgramBuilder } from '../../../src/launch/builder.ts';
import { decimal } from '../../../src/launch/lower/decimal.ts';
import { runReference } from '../../../src/launch/reference.ts';
import { ScriptedKernel } from './scripted-kernel.ts';

test('numbers become their decimal digits', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('x86_64' as const, 'aarch64' as const),
      fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
      (arch, number) => {
        const builder = new ProgramBuilder(arch);
        const { start, length } = decimal(builder, builder.slot('number', number));
        builder.syscall('write', [1, start, length], { onError: 'ignore' });
        builder.syscall('exit_group', [0], { onError: 'ignore' });
        builder.place(builder.onFailure);
        builder.syscall('exit_group', [1]);
        const kernel = new ScriptedKernel(arch);
        runReference(builder.build(), kernel, { arch, arguments: ['x'], environment: [] });
        assert.equal(kernel.calls[0]?.written?.toString(), String(number));
      },
    ),
    {
      examples: [
        ['x86_64', 0n],
        ['aarch64', 9n],
        ['x86_64', 10n],
        ['x86_64', (1n << 63n) - 1n],
      ],
    },
  );
});
