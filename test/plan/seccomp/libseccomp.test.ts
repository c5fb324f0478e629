/** The dev list beside what libseccomp makes of podman's, that is, what podman and crun give to the kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { foreignSyscallTable, syscallTable } from '../../../src/linux/syscall-numbers.ts';
import { systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import type { FilterInstruction } from '../../../src/plan/seccomp/instruction.ts';
import { CANNOT_RUN_HERE, needs } from '../../packages.ts';
import { run } from '../bpf.ts';
import { PODMAN_LIST } from './podman-list.ts';

/** apt depends on it: it is on every Debian. */
const LIBRARY = ['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu/libseccomp.so.2`);
const skip =
  needs(PODMAN_LIST, 'python3') ||
  (LIBRARY.some((path) => existsSync(path)) ? false : `${CANNOT_RUN_HERE}no libseccomp`);

const MACHINES = {
  x86_64: [
    { audit: 0xc000003e, bits: 64, table: syscallTable('x86_64') },
    { audit: 0x40000003, bits: 32, table: foreignSyscallTable('i386') },
  ],
  aarch64: [
    { audit: 0xc00000b7, bits: 64, table: syscallTable('aarch64') },
    { audit: 0x40000028, bits: 32, table: foreignSyscallTable('arm') },
  ],
} as const;
const FIRST = [0n, 8n, 16n, 0x20008n, 0x40000n, 0xffffffffn, 1n << 33n];
const THIRD = [0n, 9n, 1n << 34n];
const KEYRINGS = ['add_key', 'request_key', 'keyctl'];

function libseccompFilter(arch: string, capabilities: readonly string[]): FilterInstruction[] {
  const script = join(import.meta.dirname, 'libseccomp_filter.py');
  const bytes = execFileSync('python3', [script, PODMAN_LIST, arch, capabilities.join(',')]);
  assert.equal(bytes.length % 8, 0);
  return Array.from({ length: bytes.length / 8 }, (_, index) => [
    bytes.readUInt16LE(index * 8),
    bytes.readUInt8(index * 8 + 2),
    bytes.readUInt8(index * 8 + 3),
    bytes.readUInt32LE(index * 8 + 4),
  ]);
}

for (const arch of ['x86_64', 'aarch64'] as const) {
  for (const capabilities of [[], ['CAP_SYS_ADMIN'], ['CAP_AUDIT_WRITE', 'CAP_SYS_CHROOT', 'CAP_SYS_TIME']]) {
    test(`on ${arch} with ${capabilities.join(', ') || 'no capability'}: the same verdicts but for keyrings, sooner`, {
      skip,
    }, () => {
      const theirs = libseccompFilter(arch, capabilities);
      const ours = systemCallFilter(arch, {
        choice: { kind: 'list', name: 'dev' },
        foreignCalls: 'allowed',
        capabilities,
        guardTerminal: false,
        emulateRoot: false,
      });
      assert.ok(ours.length < theirs.length);
      for (const { audit, bits, table } of MACHINES[arch]) {
        const keyrings = KEYRINGS.map((name) => table.get(name));
        for (let number = 0; number < 1024; number++) {
          if (keyrings.includes(number)) continue;
          for (const first of FIRST) {
            for (const third of THIRD) {
              const whole = [first, 3n, third, 0n, 0n, 0n];
              const args = bits === 32 ? whole.map((value) => value & 0xffffffffn) : whole;
              const data = { number, arch: audit, arguments: args };
              assert.equal(run(ours, data).verdict, run(theirs, data).verdict, `${number}(${args.join(', ')})`);
            }
          }
        }
      }
    });
  }
}
