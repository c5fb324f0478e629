import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignSyscallTable, syscallName, syscallNumber, syscallTable } from '../../src/linux/syscall-numbers.ts';
import { headerInstalled, headerSyscalls } from '../../tools/syscall-headers.ts';
import { needs } from '../packages.ts';

for (const arch of ['x86_64', 'aarch64'] as const) {
  const skip = headerInstalled(arch) ? false : 'linux-libc-dev and cpp are not installed';
  test(`every ${arch} call of the kernel's headers has its number`, { skip }, () => {
    const table = syscallTable(arch);
    const headers = headerSyscalls(arch);
    assert.ok(headers.size > 290);
    for (const [name, number] of headers) assert.equal(table.get(name), number, name);
  });

  test(`no two ${arch} calls share a number`, () => {
    const table = syscallTable(arch);
    assert.equal(new Set(table.values()).size, table.size);
    assert.ok([...table.values()].every((number) => Number.isInteger(number) && number < 512));
  });
}

for (const arch of ['i386', 'arm'] as const) {
  const skip = headerInstalled(arch) ? false : needs('/usr/arm-linux-gnueabihf/include/asm/unistd.h', 'cpp');
  test(`every call of ${arch} has its number`, { skip }, () => {
    const table = foreignSyscallTable(arch);
    const headers = headerSyscalls(arch);
    assert.ok(headers.size > 390);
    for (const [name, number] of headers) assert.equal(table.get(name), number, name);
  });
}

test('programs of 32 bits have the numbers of the kernel tables', () => {
  // arch/x86/entry/syscalls/syscall_32.tbl, arch/arm/tools/syscall.tbl
  const numbers = (arch: 'i386' | 'arm') =>
    ['ioctl', 'keyctl', 'socket', 'clone3', 'set_tls'].map((name) => foreignSyscallTable(arch).get(name));
  assert.deepEqual(numbers('i386'), [54, 288, 359, 435, undefined]);
  assert.deepEqual(numbers('arm'), [54, 311, 281, 435, 0x0f0005]);
});

test('the calls a launcher is made of have the numbers of the kernel tables', () => {
  const names = ['clone', 'mount', 'umount2', 'pivot_root', 'execve', 'wait4', 'openat', 'prctl', 'setns', 'write'];
  const numbers = (arch: 'x86_64' | 'aarch64') => names.map((name) => syscallNumber(arch, name));
  assert.deepEqual(numbers('x86_64'), [56, 165, 166, 155, 59, 61, 257, 157, 308, 1]);
  assert.deepEqual(numbers('aarch64'), [220, 40, 39, 41, 221, 260, 56, 167, 268, 64]);
  for (const [name, number] of [
    ['clone3', 435],
    ['openat2', 437],
    ['mount_setattr', 442],
    ['open_tree_attr', 467],
  ] as const) {
    assert.equal(syscallNumber('x86_64', name), number);
    assert.equal(syscallNumber('aarch64', name), number);
  }
});

test('a call that the architecture lacks is an error, not a number', () => {
  assert.equal(syscallNumber('x86_64', 'open'), 2);
  assert.throws(() => syscallNumber('aarch64', 'open'), /aarch64 has no system call 'open'/);
  assert.throws(() => syscallNumber('x86_64', 'toString'), RangeError);
});

test('numbers go back to names', () => {
  assert.equal(syscallName('x86_64', 0), 'read');
  assert.equal(syscallName('aarch64', 0), 'io_setup');
  assert.equal(syscallName('aarch64', 259), undefined);
});
