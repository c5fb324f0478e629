import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Arch } from '../../../src/linux/arch.ts';
import { syscallNumber, syscallTable } from '../../../src/linux/syscall-numbers.ts';
import { type FilterRules, systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import { verdict } from '../bpf.ts';

// The numbers of the kernel's headers, written out: linux/audit.h, linux/seccomp.h, asm-generic/ioctls.h, errno-base.h.
const AUDIT = { x86_64: 0xc000003e, aarch64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 } as const;
const COMPAT: Record<Arch, { readonly arch: number; readonly ioctl: number; readonly keyrings: readonly number[] }> = {
  x86_64: { arch: AUDIT.i386, ioctl: 54, keyrings: [286, 287, 288] },
  aarch64: { arch: AUDIT.arm, ioctl: 54, keyrings: [309, 310, 311] },
};
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = ERRNO | 1;
const ENOSYS = ERRNO | 38;
const PRETENDED = ERRNO;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

const IDENTITY = new Set(
  `chown lchown fchown fchownat setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups`.split(
    ' ',
  ),
);
const KEYRINGS = new Set(['add_key', 'request_key', 'keyctl']);
const RULES: readonly FilterRules[] = [false, true].flatMap((guardTerminal) =>
  [false, true].map((emulateRoot) => ({ guardTerminal, emulateRoot })),
);
const none = [0n, 0n, 0n, 0n, 0n, 0n];

for (const arch of ['x86_64', 'aarch64'] as const) {
  for (const rules of RULES) {
    const { guardTerminal, emulateRoot } = rules;
    const title = [
      guardTerminal ? 'guarding the terminal' : 'with an own terminal',
      ...(emulateRoot ? ['root with one id'] : []),
    ];
    describe(`the filter on ${arch}, ${title.join(', ')}`, () => {
      const filter = systemCallFilter(arch, rules);
      const ask = (number: number, request = 0n, machine: number = AUDIT[arch]) =>
        verdict(filter, { number, arch: machine, arguments: [3n, request, ...none.slice(2)] });

      test('every system call passes but keyrings and, as root with one id, changes of identity', () => {
        const names = new Map([...syscallTable(arch)].map(([name, number]) => [number, name]));
        for (let number = 0; number < 1024; number++) {
          const name = names.get(number) ?? '';
          const expected = KEYRINGS.has(name) ? ENOSYS : emulateRoot && IDENTITY.has(name) ? PRETENDED : ALLOW;
          assert.equal(ask(number), expected, `${number} ${name}`);
        }
      });

      test('ioctl: nothing types into a terminal that is shared, whatever the upper half of the request says', () => {
        const ioctl = syscallNumber(arch, 'ioctl');
        const refused = guardTerminal ? EPERM : ALLOW;
        for (const request of [TIOCSTI, TIOCLINUX]) {
          assert.equal(ask(ioctl, BigInt(request)), refused);
          assert.equal(ask(ioctl, BigInt(request) | (0xdead_beefn << 32n)), refused);
        }
        fc.assert(
          fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (request) => {
            const low = Number(request & 0xffff_ffffn);
            fc.pre(low !== TIOCSTI && low !== TIOCLINUX);
            assert.equal(ask(ioctl, request), ALLOW);
          }),
        );
      });

      test('programs of 32 bits get past it no better', () => {
        const compat = COMPAT[arch];
        for (let number = 0; number < 1024; number++) {
          assert.equal(ask(number, 0n, compat.arch), compat.keyrings.includes(number) ? ENOSYS : ALLOW, String(number));
        }
        const refused = guardTerminal ? EPERM : ALLOW;
        assert.equal(ask(compat.ioctl, BigInt(TIOCSTI), compat.arch), refused);
        assert.equal(ask(compat.ioctl, BigInt(TIOCLINUX), compat.arch), refused);
        // 16 is lchown there, 54 is getsockopt or setsockopt here.
        assert.equal(ask(16, BigInt(TIOCSTI), compat.arch), ALLOW);
        assert.notEqual(ask(54, BigInt(TIOCSTI)), EPERM);
      });

      if (arch === 'x86_64') {
        test('there are no calls through the x32 ABI', () => {
          for (let number = 0; number < 1024; number++) assert.equal(ask((0x4000_0000 | number) >>> 0), ENOSYS);
          assert.equal(ask(0x4000_0000 | 514, BigInt(TIOCSTI)), ENOSYS, 'ioctl of x32');
          assert.equal(ask(0xffff_ffff), ENOSYS);
        });
      }

      test('the kernel takes it: every jump ends inside, and every way ends in a verdict', () => {
        assert.ok(filter.length > 0 && filter.length <= 4096);
        filter.forEach(([code, jumpTrue, jumpFalse], index) => {
          if ((code & 7) === 5)
            assert.ok(index + 1 + Math.max(jumpTrue, jumpFalse) < filter.length, `jump at ${index}`);
        });
        assert.equal(filter.at(-1)?.[0], 0x06);
        fc.assert(
          fc.property(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 0xffff_ffff }), (number, machine) => {
            assert.ok(
              [ALLOW, EPERM, ENOSYS, PRETENDED].includes(verdict(filter, { number, arch: machine, arguments: none })),
            );
          }),
        );
      });
    });
  }
}
