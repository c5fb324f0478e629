import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelSyscalls } from '../../src/linux/kernel-syscalls.ts';
import { makeDevice } from '../../src/linux/syscalls.ts';
import type { SystemCallAnswer } from '../support/recording-system-calls.ts';
import { recordingSystemCalls } from '../support/recording-system-calls.ts';

function over(script: Readonly<Record<string, readonly SystemCallAnswer[]>> = {}) {
  const recorded = recordingSystemCalls(script);
  return { syscalls: new KernelSyscalls(recorded.call, 'x86_64'), calls: recorded.calls };
}

test('openat2 passes struct open_how and its size', () => {
  const { syscalls, calls } = over({ openat2: [7] });
  assert.equal(syscalls.openat2(-100, 'a\udcff', { flags: 0o2000000, resolve: 0x10 }), 7);
  const how = Uint8Array.of(0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0);
  assert.deepEqual(calls, [{ name: 'openat2', args: [-100, Uint8Array.of(0x61, 0xff, 0), how, 24] }]);
});

test('an interrupted wait for a lock goes on', () => {
  const { syscalls, calls } = over({ flock: [{ errno: 'EINTR' }, { errno: 'EINTR' }, 0] });
  syscalls.flock(3, 2);
  assert.equal(calls.length, 3);
});

test('a failure says which call, path and errno', () => {
  const { syscalls } = over({ mknodat: [{ errno: 'EPERM' }], syncfs: [{ errno: 'EIO' }] });
  assert.throws(() => syscalls.mknodat(-100, '/x', 0o20600, 259), {
    name: 'LinuxError',
    message: 'mknodat "/x": Operation not permitted (EPERM)',
  });
  assert.throws(() => syscalls.syncfs(3), { message: 'syncfs: Input/output error (EIO)' });
});

test('a value longer than the first buffer is read with the largest', () => {
  const answer: SystemCallAnswer = (args) => {
    const buffer = args[2];
    assert.ok(buffer instanceof Uint8Array);
    if (buffer.length < 1000) return { errno: 'ERANGE' };
    buffer.fill(7, 0, 1000);
    return 1000;
  };
  const { syscalls, calls } = over({ lgetxattr: [answer] });
  assert.deepEqual(syscalls.lgetxattr('/x', 'user.long'), Buffer.alloc(1000, 7));
  assert.deepEqual(
    calls.map(({ args }) => args[3]),
    [256, 65_536],
  );
});

test('when the other end of a pseudo-terminal cannot be opened, the first one is closed', () => {
  const request = (args: readonly unknown[]) => (args[1] === 0x5441 ? { errno: 'EIO' } : 0);
  const { syscalls, calls } = over({ openat: [9], ioctl: [request] });
  assert.throws(() => syscalls.openPty(), { code: 'EIO', path: '/dev/ptmx', hint: /devpts/ });
  assert.deepEqual(calls.at(-1), { name: 'close', args: [9] });
});

test('waiting for a process goes on after a signal, and a bad descriptor is no ended process', () => {
  const invalid: SystemCallAnswer = (args) => {
    const poll = args[0];
    assert.ok(poll instanceof Uint8Array);
    poll[6] = 0x20;
    return 1;
  };
  const interrupted = over({ ppoll: [{ errno: 'EINTR' }, 1] });
  assert.equal(interrupted.syscalls.pollIn(5, 1000), true);
  assert.equal(interrupted.calls.length, 2);
  assert.throws(() => over({ ppoll: [invalid] }).syscalls.pollIn(5, 1000), { code: 'EBADF' });
  assert.throws(() => over({ ppoll: [{ errno: 'ENOMEM' }] }).syscalls.pollIn(5, 1000), { code: 'ENOMEM' });
});

test('no path with a NUL reaches the kernel', () => {
  const { syscalls, calls } = over();
  assert.throws(() => syscalls.lremovexattr('/a\0b', 'user.x'), RangeError);
  assert.equal(calls.length, 0);
});

test('device numbers are encoded as the kernel does', () => {
  assert.equal(makeDevice(1, 3), 0x103);
  assert.equal(makeDevice(0xfff, 0xfffff), 0xffffffff);
  assert.equal(makeDevice(8, 0x123), 0x100823);
  assert.throws(() => makeDevice(4096, 0), RangeError);
  assert.throws(() => makeDevice(0, -1), RangeError);
});
