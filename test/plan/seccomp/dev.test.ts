import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { CAPABILITIES } from '../../../src/linux/constants/capability.ts';
import { foreignSyscallTable, syscallTable } from '../../../src/linux/syscall-numbers.ts';
import { parseSeccompProfile } from '../../../src/plan/seccomp/docker-profile.ts';
import { type FilterRules, systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import { needs } from '../../packages.ts';
import { run } from '../bpf.ts';
import { PODMAN_LIST, PodmanList } from './podman-list.ts';

const skip = needs(PODMAN_LIST);

// The numbers of the kernel's headers, written out: linux/audit.h, linux/seccomp.h, asm-generic/errno.h.
const MACHINES = [
  { arch: 'x86_64', docker: 'amd64', audit: 0xc000003e, bits: 64 },
  { arch: 'x86_64', docker: 'amd64', audit: 0x40000003, bits: 32, foreign: 'i386' },
  { arch: 'aarch64', docker: 'arm64', audit: 0xc00000b7, bits: 64 },
  { arch: 'aarch64', docker: 'arm64', audit: 0x40000028, bits: 32, foreign: 'arm' },
] as const;
const ENOSYS = 0x00050000 | 38;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050000 | 1;
/** Instructions on the way of a call without conditions. */
const LONGEST_WAY = 20;

const PODMAN_DEFAULT = `CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT`
  .split(' ')
  .map((name) => `CAP_${name}`);
const CAPABILITY_SETS: ReadonlyArray<readonly string[]> = [
  [],
  PODMAN_DEFAULT,
  ['CAP_SYS_ADMIN'],
  ['CAP_AUDIT_WRITE', 'CAP_SYS_PTRACE'],
  ['CAP_SYS_TIME', 'CAP_SYS_RAWIO', 'CAP_SYS_MODULE'],
  ['CAP_DAC_READ_SEARCH', 'CAP_SYS_PACCT', 'CAP_SYS_TTY_CONFIG'],
  CAPABILITIES,
];
/** First, second and third argument: what conditions of the list ask for, and their neighbours. */
const FIRST = [0n, 1n, 8n, 16n, 17n, 40n, 0x20000n, 0x20008n, 0x40000n, 0xffffffffn, 0x1_0000_0000n, (1n << 64n) - 1n];
const THIRD = [0n, 9n, 10n, 0x1_0000_0009n];
const ARGUMENTS = FIRST.flatMap((first) => THIRD.map((third) => [first, 3n, third, 0n, 0n, 0n]));

for (const { arch, docker, audit, bits, ...machine } of MACHINES) {
  const foreign = 'foreign' in machine ? machine.foreign : undefined;
  const table = foreign === undefined ? syscallTable(arch) : foreignSyscallTable(foreign);
  const names = new Map([...table].map(([name, number]) => [number, name]));
  const numbers = [...Array(1024).keys(), ...[...names.keys()].filter((number) => number >= 1024)];

  describe(`the dev list for programs of ${foreign ?? arch}`, { skip }, () => {
    for (const capabilities of CAPABILITY_SETS) {
      const rules: FilterRules = {
        choice: { kind: 'list', name: 'dev' },
        foreignCalls: 'allowed',
        capabilities,
        guardTerminal: false,
        emulateRoot: false,
      };
      const title = `${capabilities.length > 5 ? `${capabilities.length} capabilities` : capabilities.join(', ') || 'no capability'}`;

      test(`says what podman's says, but for keyrings: ${title}`, () => {
        const podman = new PodmanList();
        const conditional = podman.conditional(docker, capabilities);
        const filter = systemCallFilter(arch, rules);
        const read = parseSeccompProfile(readFileSync(PODMAN_LIST, 'utf8'), PODMAN_LIST);
        const compiled = systemCallFilter(arch, {
          ...rules,
          choice: { kind: 'profile', path: PODMAN_LIST, profile: read },
        });
        assert.ok(filter.length <= 1024 && compiled.length <= 1024);
        for (const number of numbers) {
          const name = names.get(number);
          const keyring = name === 'add_key' || name === 'request_key' || name === 'keyctl';
          for (const all of ARGUMENTS) {
            // Programs of 32 bits have no more than 32 bits.
            const args = bits === 32 ? all.map((each) => each & 0xffffffffn) : all;
            const expected = keyring ? ENOSYS : podman.verdict(name, args, docker, capabilities);
            const { verdict, steps } = run(filter, { number, arch: audit, arguments: args });
            const says = `${number} ${name}(${args.join(', ')})`;
            assert.equal(verdict, expected, says);
            assert.equal(
              run(compiled, { number, arch: audit, arguments: args }).verdict,
              expected,
              `${says}, the file`,
            );
            if (name !== undefined && conditional.has(name)) continue;
            assert.ok(steps <= LONGEST_WAY, `${says} takes ${steps} instructions`);
            break;
          }
        }
      });
    }
  });
}

test('the evaluator of these tests is not the code under test, and knows the list', { skip }, () => {
  const podman = new PodmanList();
  assert.equal(podman.verdict('read', [], 'amd64', []), ALLOW);
  assert.equal(podman.verdict('bpf', [], 'amd64', []), EPERM);
  assert.equal(podman.verdict('bpf', [], 'amd64', ['CAP_SYS_ADMIN']), ALLOW);
  assert.equal(podman.verdict(undefined, [], 'amd64', []), ENOSYS);
  assert.equal(podman.verdict('socket', [16n, 3n, 9n], 'amd64', []), 0x00050000 | 22);
  assert.deepEqual([...podman.conditional('amd64', [])].sort(), ['personality', 'socket']);
});
