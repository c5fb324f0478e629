import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingKernel } from '../support/recording-kernel.ts';

test('calls are written down by name and answered from the script', () => {
  const kernel = new RecordingKernel('x86_64', {
    getpid: 42n,
    mount: { errno: 'EPERM' },
    wait4: (_, earlier) => (earlier === 0 ? { errno: 'EINTR' } : 7n),
    brk: ([address = 0n]) => address + 1n,
  });
  assert.equal(kernel.syscall(39, []), 42n);
  assert.equal(kernel.syscall(165, [1n]), -1n);
  assert.deepEqual([kernel.syscall(61, []), kernel.syscall(61, [])], [-4n, 7n]);
  assert.equal(kernel.syscall(12, [5n]), 6n);
  assert.equal(kernel.syscall(3, [9n]), 0n);
  assert.equal(kernel.syscall(1000, []), 0n);
  const names = kernel.calls.map(({ name }) => name);
  assert.deepEqual(names, ['getpid', 'mount', 'wait4', 'wait4', 'brk', 'close', 'syscall 1000']);
  assert.deepEqual(kernel.calls[1]?.args, [1n]);
});

test('the numbers are those of the architecture', () => {
  const kernel = new RecordingKernel('aarch64');
  kernel.syscall(40, []);
  assert.equal(kernel.calls[0]?.name, 'mount');
});

test('an errno that is none is a mistake in the script', () => {
  const kernel = new RecordingKernel('x86_64', { getpid: { errno: 'EWHAT' } });
  assert.throws(() => kernel.syscall(39, []), /'EWHAT', which is no errno/);
});
