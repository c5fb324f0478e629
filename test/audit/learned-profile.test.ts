import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { learnProfile } from '../../src/audit/learned-profile.ts';
import { readAuditLog } from '../../src/audit/log.ts';
import { AUDIT_ARCH } from '../../src/linux/constants/seccomp.ts';
import { syscallNumber } from '../../src/linux/syscall-numbers.ts';
import { parseSeccompProfile } from '../../src/plan/seccomp/docker-profile.ts';
import { systemCallFilter } from '../../src/plan/seccomp/filter.ts';
import { failsWith } from '../../src/plan/seccomp/verdict.ts';
import { verdict } from '../plan/bpf.ts';
import { logBytes, type MadeRecord } from './log-bytes.ts';

/** The errno with which a call fails under what was learnt; undefined: it is allowed. */
function underLearnt(records: readonly MadeRecord[]) {
  const profile = learnProfile(readAuditLog(logBytes(records, { depth: 'learn' })));
  const filter = systemCallFilter('x86_64', {
    choice: { kind: 'profile', path: 'learnt', profile: parseSeccompProfile(JSON.stringify(profile), 'learnt') },
    foreignCalls: 'allowed',
    capabilities: [],
    guardTerminal: false,
    emulateRoot: false,
  });
  return (name: string, words: readonly bigint[] = [], arch: 'x86_64' | 'i386' = 'x86_64') =>
    failsWith(
      verdict(filter, {
        number: syscallNumber('x86_64', name),
        arch: AUDIT_ARCH[arch],
        arguments: [0, 1, 2, 3, 4, 5].map((index) => words[index] ?? 0n),
      }),
    );
}

describe('a profile that is learnt', () => {
  const errno = underLearnt([
    { name: 'openat', path: '/etc/passwd' },
    { name: 'clone3', errno: 'ENOSYS' },
    { name: 'mount', errno: 'EPERM' },
    { name: 'socket', arguments: [2n, 1n, 0n], which: [0, 1, 2] },
    { name: 'socket', arguments: [1n, 0x80001n, 0n], which: [0, 1, 2] },
    { name: 'socket', arguments: [40n, 1n, 0n], which: [0, 1, 2], errno: 'EPERM' },
    { name: 'ioctl', arguments: [7n, 0x5401n], which: [1] },
  ]);

  test('allows what was used, and what a program cannot help', () => {
    for (const name of ['openat', 'rt_sigreturn', 'exit_group', 'execve', 'write'])
      assert.equal(errno(name), undefined, name);
  });

  test('refuses what was not, also to programs of 32 bits', () => {
    for (const name of ['mkdir', 'ptrace', 'kill']) assert.equal(errno(name), 1, name);
    assert.equal(errno('openat', [], 'i386'), 38);
  });

  test('refuses what was refused, with the same errno', () => {
    assert.equal(errno('clone3'), 38);
    assert.equal(errno('mount'), 1);
  });

  test('allows the very arguments of calls that depend on them', () => {
    assert.equal(errno('socket', [2n, 1n, 0n]), undefined);
    assert.equal(errno('socket', [1n, 0x80001n, 0n]), undefined);
    for (const words of [
      [2n, 2n, 0n],
      [1n, 1n, 0n],
      [40n, 1n, 0n],
      [2n, 1n, 17n],
    ])
      assert.equal(errno('socket', words), 1);
    assert.equal(errno('ioctl', [1n, 0x5401n]), undefined);
    assert.equal(errno('ioctl', [1n, 0x5412n]), 1);
  });

  test('is not made from a log that is full', () => {
    const log = readAuditLog(logBytes([], { depth: 'learn', dropped: 3 }));
    assert.throws(() => learnProfile(log), { code: 'INCOMPLETE', message: /3 records/ });
  });
});
