import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { syscallNumber } from '../../../src/linux/syscall-numbers.ts';
import { parseSeccompProfile } from '../../../src/plan/seccomp/docker-profile.ts';
import { SeccompError } from '../../../src/plan/seccomp/error.ts';
import { type FilterRules, systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import type { SeccompCondition } from '../../../src/plan/seccomp/profile.ts';
import { verdict } from '../bpf.ts';

const AUDIT = 0xc000003e;
const FILE = 'my.json';
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;

const profileOf = (json: unknown) => parseSeccompProfile(JSON.stringify(json), FILE);

/** What a profile says of a call on x86_64. */
function ask(
  json: unknown,
  name: string,
  args: readonly bigint[] = [],
  rules: Partial<FilterRules> = {},
  machine = AUDIT,
): number {
  const filter = systemCallFilter('x86_64', {
    choice: { kind: 'profile', path: FILE, profile: profileOf(json) },
    foreignCalls: 'allowed',
    capabilities: [],
    guardTerminal: true,
    emulateRoot: false,
    ...rules,
  });
  const all = Array.from({ length: 6 }, (_, index) => args[index] ?? 0n);
  const number = machine === AUDIT ? syscallNumber('x86_64', name) : 20;
  return verdict(filter, { number, arch: machine, arguments: all });
}

describe('a profile in the form of docker', () => {
  const DENY = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['getppid'], action: 'SCMP_ACT_ERRNO' }] };

  test('decides by the name of a call, and by the default', () => {
    assert.equal(ask(DENY, 'getppid'), ERRNO | 1);
    assert.equal(ask(DENY, 'getpid'), ALLOW);
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ERRNO' }, 'getpid'), ERRNO | 1);
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 }, 'getpid'), ERRNO | 38);
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrno: 'EACCES' }, 'getpid'), ERRNO | 13);
    const old = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ name: 'getpid', action: 'SCMP_ACT_ERRNO', args: null }],
    };
    assert.equal(ask(old, 'getpid'), ERRNO | 1);
  });

  test('every action has its return value', () => {
    const actions = {
      SCMP_ACT_KILL_PROCESS: 0x80000000,
      SCMP_ACT_KILL_THREAD: 0,
      SCMP_ACT_KILL: 0,
      SCMP_ACT_TRAP: 0x30000,
      SCMP_ACT_ERRNO: ERRNO | 1,
      SCMP_ACT_TRACE: ERRNO | 38,
      SCMP_ACT_LOG: 0x7ffc0000,
      SCMP_ACT_ALLOW: ALLOW,
    };
    for (const [action, value] of Object.entries(actions)) {
      const syscalls = [{ names: ['getpid'], action }];
      assert.equal(ask({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 99, syscalls }, 'getpid'), value, action);
    }
  });

  test('rules depend on capabilities, architecture and kernel', () => {
    const rule = (scope: object) => ({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names: ['getpid'], action: 'SCMP_ACT_ALLOW', ...scope }],
    });
    const kernel = { major: 6, minor: 1 };
    const allowed = (scope: object, capabilities: readonly string[] = []) =>
      ask(rule(scope), 'getpid', [], { capabilities, kernel }) === ALLOW;
    assert.equal(allowed({ includes: { caps: ['CAP_BPF', 'CAP_KILL'] } }, ['CAP_BPF']), false);
    assert.equal(allowed({ includes: { caps: ['CAP_BPF', 'CAP_KILL'] } }, ['CAP_BPF', 'CAP_KILL']), true);
    assert.equal(allowed({ excludes: { caps: ['CAP_BPF', 'CAP_KILL'] } }, ['CAP_BPF']), false);
    assert.equal(allowed({ excludes: { caps: ['CAP_BPF'] } }), true);
    assert.equal(allowed({ includes: { arches: ['amd64', 'x32'] } }), true);
    assert.equal(allowed({ includes: { arches: ['arm64'] } }), false);
    assert.equal(allowed({ excludes: { arches: ['amd64'] } }), false);
    assert.equal(allowed({ includes: { minKernel: '4.8' } }), true);
    assert.equal(allowed({ includes: { minKernel: '6.2' } }), false);
    assert.equal(allowed({ excludes: { minKernel: '6.0' } }), false);
  });

  test('what keeps the sandbox shut stays, whatever it says', () => {
    const everything = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['keyctl', 'ioctl'], action: 'SCMP_ACT_ALLOW' }],
    };
    assert.equal(ask(everything, 'keyctl'), ERRNO | 38);
    assert.equal(ask(everything, 'ioctl', [0n, 0x5412n]), ERRNO | 1);
    assert.equal(ask(everything, 'ioctl', [0n, 0x5413n]), ALLOW);
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ERRNO' }, 'chown', [], { emulateRoot: true }), ERRNO);
  });

  test('programs of 32 bits have calls where it names their machine', () => {
    const I386 = 0x40000003;
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }];
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ALLOW' }, '', [], {}, I386), ERRNO | 38);
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ALLOW', archMap }, '', [], {}, I386), ALLOW);
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86'] }, '', [], {}, I386), ALLOW);
    const refused = { foreignCalls: 'refused' } as const;
    assert.equal(ask({ defaultAction: 'SCMP_ACT_ALLOW', archMap }, '', [], refused, I386), ERRNO | 38);
  });

  test('a rule without conditions wins over those with, the first of a kind over later ones (libseccomp)', () => {
    const args = [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }];
    const [fail, other] = [
      { names: ['getpid'], action: 'SCMP_ACT_ERRNO' },
      { names: ['getpid'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 },
    ];
    const of = (...syscalls: readonly object[]) => ask({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, 'getpid', [1n]);
    assert.equal(of(fail, other), ERRNO | 1);
    assert.equal(of({ ...other, args }, fail), ERRNO | 1);
    assert.equal(of({ ...fail, args }, { ...other, args }), ERRNO | 1);
  });
});

describe('conditions on arguments', () => {
  const numbers = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.constantFrom(0n, 1n, 0xffffffffn, 0x1_0000_0000n, 0x1_0000_0001n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n),
  );
  const HOLDS: Record<SeccompCondition['operator'], (value: bigint, than: bigint, masked: bigint) => boolean> = {
    equal: (value, than) => value === than,
    notEqual: (value, than) => value !== than,
    less: (value, than) => value < than,
    lessOrEqual: (value, than) => value <= than,
    greater: (value, than) => value > than,
    greaterOrEqual: (value, than) => value >= than,
    maskedEqual: (value, than, masked) => (value & than) === (masked & than),
  };
  const OPS = {
    equal: 'EQ',
    notEqual: 'NE',
    less: 'LT',
    lessOrEqual: 'LE',
    greater: 'GT',
    greaterOrEqual: 'GE',
    maskedEqual: 'MASKED_EQ',
  } as const;

  for (const [operator, holds] of Object.entries(HOLDS) as ReadonlyArray<
    [SeccompCondition['operator'], (typeof HOLDS)['equal']]
  >) {
    test(`${operator} compares 64 bits without sign, all conditions of a rule together`, () => {
      fc.assert(
        fc.property(numbers, numbers, numbers, numbers, fc.boolean(), (value, than, masked, second, near) => {
          const actual = near ? than : value;
          const text = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO",
            "args": [{"index": 3, "value": ${than}, "valueTwo": ${masked}, "op": "SCMP_CMP_${OPS[operator]}"},
                     {"index": 1, "value": ${second}, "op": "SCMP_CMP_EQ"}]}]}`;
          const filter = systemCallFilter('x86_64', {
            choice: { kind: 'profile', path: FILE, profile: parseSeccompProfile(text, FILE) },
            foreignCalls: 'refused',
            capabilities: [],
            guardTerminal: false,
            emulateRoot: false,
          });
          const verdictOf = (other: bigint) =>
            verdict(filter, { number: 0, arch: AUDIT, arguments: [0n, other, 0n, actual, 0n, 0n] });
          assert.equal(verdictOf(second), holds(actual, than, masked) ? ERRNO | 1 : ALLOW);
          assert.equal(verdictOf(second ^ (1n << 33n)), ALLOW);
        }),
        { numRuns: 300 },
      );
    });
  }

  test('hundreds of them still work: jumps that are too far have stepping stones', () => {
    const names = ['read', 'write', 'getppid', 'poll', 'writev'];
    const syscalls = names.flatMap((name) =>
      Array.from({ length: 150 }, (_, value) => ({
        names: [name],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 2 + (value % 100),
        args: [{ index: 0, value: value * 3, op: 'SCMP_CMP_EQ' }],
      })),
    );
    const filter = systemCallFilter('x86_64', {
      choice: { kind: 'profile', path: FILE, profile: profileOf({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }) },
      foreignCalls: 'refused',
      capabilities: [],
      guardTerminal: false,
      emulateRoot: false,
    });
    assert.ok(filter.length > 2000 && filter.length <= 4096);
    for (const name of names) {
      const number = syscallNumber('x86_64', name);
      const of = (value: number) =>
        verdict(filter, { number, arch: AUDIT, arguments: [BigInt(value), 0n, 0n, 0n, 0n, 0n] });
      for (let value = 0; value < 150; value++) {
        assert.equal(of(value * 3), ERRNO | (2 + (value % 100)));
        assert.equal(of(value * 3 + 1), ALLOW);
      }
    }
    assert.equal(verdict(filter, { number: 39, arch: AUDIT, arguments: [0n, 0n, 0n, 0n, 0n, 0n] }), ALLOW);
  });

  test('more than the kernel takes are an error', () => {
    const syscalls = Array.from({ length: 1200 }, (_, value) => ({
      names: ['read'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
    }));
    assert.throws(
      () => ask({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, 'read'),
      (error) => error instanceof SeccompError && error.code === 'TOO_LONG' && /takes 4096/.test(error.message),
    );
  });
});

describe('what is wrong in a profile is named by its place', () => {
  const good = { defaultAction: 'SCMP_ACT_ALLOW' };
  const withRule = (rule: object) => ({ ...good, syscalls: [{ names: ['read'], action: 'SCMP_ACT_ERRNO', ...rule }] });
  const withArgs = (args: object) => withRule({ args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ', ...args }] });
  const cases: ReadonlyArray<readonly [name: string, json: unknown, message: RegExp]> = [
    ['a list', [], /\$ is \[\], where an object is expected/],
    ['no default', {}, /\$\.defaultAction is missing, where an action/],
    ['another action', { defaultAction: 'ALLOW' }, /\$\.defaultAction is "ALLOW", where an action such as/],
    ['a listener', { defaultAction: 'SCMP_ACT_NOTIFY' }, /\$\.defaultAction .* no listener/],
    ['a listener path', { ...good, listenerPath: '/run/x' }, /\$\.listenerPath is "\/run\/x"/],
    ['another member', { ...good, sycalls: [] }, /\$\["sycalls"\] is \[\], where nothing but/],
    ['no names', { ...good, syscalls: [{ action: 'SCMP_ACT_ALLOW' }] }, /\$\.syscalls\[0\]\.names is missing/],
    ['name and names', withRule({ name: 'x' }), /\$\.syscalls\[0\]\.name is "x", where nothing beside "names"/],
    ['a number as name', withRule({ names: ['read', 7] }), /\$\.syscalls\[0\]\.names\[1\] is 7, where the name/],
    ['an argument too many', withArgs({ index: 6 }), /\$\.syscalls\[0\]\.args\[0\]\.index is 6, where .* 0 to 5/],
    [
      'a negative value',
      withArgs({ value: -1 }),
      /args\[0\]\.value is -1, where a whole number from 0 to 18446744073709551615/,
    ],
    ['a fraction', withArgs({ value: 1.5 }), /args\[0\]\.value is 1.5/],
    ['an operator', withArgs({ op: 'SCMP_CMP_XX' }), /args\[0\]\.op is "SCMP_CMP_XX", where one of/],
    ['an errno', withRule({ errnoRet: 5000 }), /\$\.syscalls\[0\]\.errnoRet is 5000/],
    ['an errno by name', withRule({ errno: 'EWHAT' }), /\$\.syscalls\[0\]\.errno is "EWHAT"/],
    ['a capability', withRule({ includes: { caps: ['sys_admin'] } }), /includes\.caps\[0\] is "sys_admin"/],
    ['a kernel', withRule({ includes: { minKernel: 4 } }), /includes\.minKernel is 4, where a version/],
    ['both kinds of machines', { ...good, architectures: [], archMap: [] }, /\$\.archMap/],
    ['a machine', { ...good, architectures: ['x86'] }, /\$\.architectures\[0\] is "x86"/],
  ];
  for (const [name, json, message] of cases) {
    test(name, () => {
      assert.throws(
        () => profileOf(json),
        (error) => {
          assert.ok(error instanceof SeccompError);
          assert.equal(error.code, 'PROFILE');
          assert.match(error.message, message);
          assert.match(error.message, /^"my\.json"/);
          return true;
        },
      );
    });
  }

  test('what is not JSON', () => {
    assert.throws(() => parseSeccompProfile('{', FILE), /"my.json" is not JSON/);
  });

  test('whatever is in it, the error is ours', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          parseSeccompProfile(text, FILE);
        } catch (error) {
          assert.ok(error instanceof SeccompError, String(error));
        }
      }),
    );
  });
});
