/** What every filter has, whatever the list: guards, foreign programs, x32, and a form that the kernel takes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Arch } from '../../../src/linux/arch.ts';
import { foreignSyscallTable, syscallNumber, syscallTable } from '../../../src/linux/syscall-numbers.ts';
import { type FilterRules, systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import type { FilterInstruction } from '../../../src/plan/seccomp/instruction.ts';
import { run, verdict } from '../bpf.ts';

// The numbers of the kernel's headers, written out: linux/audit.h, linux/seccomp.h, asm-generic/ioctls.h, errno-base.h.
const AUDIT = { x86_64: 0xc000003e, aarch64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 } as const;
const FOREIGN = { x86_64: 'i386', aarch64: 'arm' } as const;
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
const UNCONFINED: FilterRules = {
  choice: { kind: 'unconfined' },
  foreignCalls: 'allowed',
  capabilities: [],
  guardTerminal: false,
  emulateRoot: false,
};
const GUARDS: readonly FilterRules[] = [false, true].flatMap((guardTerminal) =>
  [false, true].map((emulateRoot) => ({ ...UNCONFINED, guardTerminal, emulateRoot })),
);
const CHOICES: readonly FilterRules[] = [
  ...GUARDS,
  ...GUARDS.map((rules): FilterRules => ({ ...rules, choice: { kind: 'list', name: 'dev' } })),
  ...GUARDS.map((rules): FilterRules => ({ ...rules, choice: { kind: 'list', name: 'strict' } })),
  { ...UNCONFINED, foreignCalls: 'refused' },
  { ...UNCONFINED, foreignCalls: 'refused', choice: { kind: 'list', name: 'strict' } },
];
const none = [0n, 0n, 0n, 0n, 0n, 0n];

function describeRules({ choice, foreignCalls, guardTerminal, emulateRoot }: FilterRules): string {
  return [
    choice.kind === 'list' ? choice.name : choice.kind,
    guardTerminal ? 'guarding the terminal' : 'with an own terminal',
    ...(emulateRoot ? ['root with one id'] : []),
    ...(foreignCalls === 'refused' ? ['no 32-bit programs'] : []),
  ].join(', ');
}

for (const arch of ['x86_64', 'aarch64'] as const) {
  for (const rules of GUARDS) {
    const { guardTerminal, emulateRoot } = rules;
    describe(`without a list on ${arch}: ${describeRules(rules)}`, () => {
      const filter = systemCallFilter(arch, rules);
      const ask = (number: number, request = 0n, machine: number = AUDIT[arch]) =>
        verdict(filter, { number, arch: machine, arguments: [3n, request, ...none.slice(2)] });
      const refused = guardTerminal ? EPERM : ALLOW;

      test('every call passes but keyrings and, as root with one id, changes of identity', () => {
        const names = new Map([...syscallTable(arch)].map(([name, number]) => [number, name]));
        for (let number = 0; number < 1024; number++) {
          const name = names.get(number) ?? '';
          const expected = KEYRINGS.has(name) ? ENOSYS : emulateRoot && IDENTITY.has(name) ? PRETENDED : ALLOW;
          assert.equal(ask(number), expected, `${number} ${name}`);
        }
      });

      test('ioctl: nothing types into a terminal that is shared, whatever the upper half of the request says', () => {
        const ioctl = syscallNumber(arch, 'ioctl');
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
        const machine = AUDIT[FOREIGN[arch]];
        const names = new Map([...foreignSyscallTable(FOREIGN[arch])].map(([name, number]) => [number, name]));
        for (let number = 0; number < 1024; number++) {
          const name = names.get(number) ?? '';
          const identity = emulateRoot && IDENTITY.has(name.replace(/32$/, ''));
          assert.equal(
            ask(number, 0n, machine),
            KEYRINGS.has(name) ? ENOSYS : identity ? PRETENDED : ALLOW,
            `${number} ${name}`,
          );
        }
        // ioctl is 54 on both: syscall_32.tbl, arch/arm/tools/syscall.tbl.
        assert.equal(ask(54, BigInt(TIOCSTI), machine), refused);
        assert.equal(ask(54, BigInt(TIOCLINUX), machine), refused);
        assert.notEqual(ask(54, BigInt(TIOCSTI)), EPERM);
      });
    });
  }

  for (const rules of CHOICES) {
    describe(`any filter on ${arch}: ${describeRules(rules)}`, () => {
      const filter = systemCallFilter(arch, rules);
      const ask = (number: number, machine: number) =>
        verdict(filter, { number: number >>> 0, arch: machine, arguments: none });

      test('the kernel takes it: short, every jump ends inside, and every way ends in a verdict', () => {
        assert.ok(filter.length > 0 && filter.length <= 1024);
        filter.forEach(([code, jumpTrue, jumpFalse, k], index) => {
          const over = code === 5 ? k : (code & 7) === 5 ? Math.max(jumpTrue, jumpFalse) : 0;
          assert.ok(over >= 0 && index + 1 + over <= filter.length - (code === 6 ? 0 : 1), `jump at ${index}`);
          assert.ok(jumpTrue <= 255 && jumpFalse <= 255 && k >= 0 && k <= 0xffff_ffff);
        });
        assert.equal(filter.at(-1)?.[0], 0x06);
        const known = [ALLOW, EPERM, ENOSYS, PRETENDED, ERRNO | 22];
        const word = fc.nat({ max: 0xffff_ffff });
        const machine = fc.oneof(word, fc.constantFrom(...Object.values(AUDIT)));
        const args = fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { minLength: 6, maxLength: 6 });
        fc.assert(
          fc.property(fc.oneof(word, fc.nat({ max: 511 })), machine, args, (number, from, values) => {
            assert.ok(known.includes(verdict(filter, { number, arch: from, arguments: values })));
          }),
        );
      });

      test('other machines than the host has make no calls', () => {
        for (const machine of [0, 0xffff_ffff, AUDIT[arch === 'x86_64' ? 'aarch64' : 'x86_64'], 0xc00000f3])
          for (let number = 0; number < 512; number++) assert.equal(ask(number, machine), ENOSYS);
      });

      if (arch === 'x86_64') {
        test('there are no calls through the x32 ABI', () => {
          for (let number = 0; number < 1024; number++) assert.equal(ask(0x4000_0000 | number, AUDIT.x86_64), ENOSYS);
          assert.equal(ask(0xffff_ffff, AUDIT.x86_64), ENOSYS);
        });
      }

      if (rules.foreignCalls === 'refused') {
        test('programs of 32 bits make no calls', () => {
          for (let number = 0; number < 1024; number++) assert.equal(ask(number, AUDIT[FOREIGN[arch]]), ENOSYS);
        });
      }
    });
  }
}

test('a call without conditions takes 20 instructions at most, in every list', () => {
  const withConditions = new Set(`ioctl socket socketpair clone unshare mknod mknodat personality`.split(' '));
  const longest = (filter: readonly FilterInstruction[], arch: Arch) => {
    const names = new Map([...syscallTable(arch)].map(([name, number]) => [number, name]));
    const numbers = [...Array(1024).keys()].filter((number) => !withConditions.has(names.get(number) ?? ''));
    return Math.max(...numbers.map((number) => run(filter, { number, arch: AUDIT[arch], arguments: none }).steps));
  };
  for (const arch of ['x86_64', 'aarch64'] as const)
    for (const rules of CHOICES) assert.ok(longest(systemCallFilter(arch, rules), arch) <= 20, describeRules(rules));
});
