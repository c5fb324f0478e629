import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AUDIT_ARCH } from '../../src/linux/constants/seccomp.ts';
import { errnoNumber } from '../../src/linux/errno.ts';
import { syscallNumber } from '../../src/linux/syscall-numbers.ts';
import { planSandbox } from '../../src/plan/plan.ts';
import { portFilter } from '../../src/plan/port-filter.ts';
import { PROFILES } from '../../src/plan/profiles.ts';
import { verdict } from './bpf.ts';
import { all, hostInput, only, position } from './inputs.ts';

const ALLOW = 0x7fff_0000;
const FASTOPEN = 0x2000_0000n;
const fails = (name: string): number => 0x0005_0000 + (errnoNumber(name) ?? 0);

for (const arch of ['x86_64', 'aarch64'] as const) {
  describe(`the filter beside rules for ports, on ${arch}`, () => {
    const filter = portFilter(arch);
    const on = (name: string, ...args: bigint[]): number =>
      verdict(filter, { number: syscallNumber(arch, name), arch: AUDIT_ARCH[arch], arguments: args });

    test('lets TCP and UDP sockets be made, and no MPTCP, SCTP and SMC', () => {
      for (const protocol of [0n, 1n, 6n, 17n, 58n]) assert.equal(on('socket', 2n, 1n, protocol), ALLOW);
      // The kernel takes an int: what is above 32 bits does not count.
      for (const protocol of [262n, 132n, 262n + (1n << 32n)])
        assert.equal(on('socket', 10n, 1n, protocol), fails('EPROTONOSUPPORT'));
      assert.equal(on('socket', 43n, 1n, 0n), fails('EPROTONOSUPPORT'));
    });

    test('refuses data that connects, in all three calls, whatever else is asked for', () => {
      const calls = { sendto: 3, sendmmsg: 3, sendmsg: 2 } as const;
      for (const [name, at] of Object.entries(calls)) {
        const args = (flags: bigint) => Array.from({ length: 6 }, (_, index) => (index === at ? flags : -1n));
        assert.equal(on(name, ...args(FASTOPEN)), fails('EOPNOTSUPP'), name);
        assert.equal(on(name, ...args(FASTOPEN | 0x4000n)), fails('EOPNOTSUPP'), name);
        assert.equal(on(name, ...args(0x4000n)), ALLOW, name);
      }
    });

    test('leaves no way round: io_uring and the 32-bit mode are not there', () => {
      assert.equal(on('io_uring_setup'), fails('ENOSYS'));
      const other = AUDIT_ARCH[arch] === 0xc000_003e ? 0x4000_0003 : 0x4000_0028;
      assert.equal(verdict(filter, { number: 102, arch: other, arguments: [] }), fails('ENOSYS'));
      for (const name of ['read', 'connect', 'bind', 'execve', 'capset']) assert.equal(on(name), ALLOW, name);
    });
  });
}

describe('Landlock in the plan', () => {
  const planned = (security: Partial<typeof PROFILES.dev>, spec: Parameters<typeof hostInput>[0] = {}) =>
    planSandbox(hostInput({ ...spec, spec: { ...spec?.spec, security: { ...PROFILES.dev, ...security } } }));

  test('is there in strict, and for ports', () => {
    assert.deepEqual(all(planned({}), 'landlock'), []);
    const strict = only(planSandbox(hostInput({ spec: { security: PROFILES.strict } })), 'landlock').rules;
    assert.deepEqual(strict.paths, [
      { path: '/', access: 'all' },
      { path: '/dev', access: 'devices' },
    ]);
    assert.equal(strict.scoped, true);
    const ports = planned({ connectTcp: [443] });
    assert.deepEqual(only(ports, 'landlock').rules, { paths: [], connectTcp: [443], scoped: false });
    assert.match(all(ports, 'seccomp')[0]?.purpose ?? '', /rules for ports/);
    assert.ok(position(ports, 'noNewPrivileges') < position(ports, 'landlock'));
  });

  test('names what is writable where the root is read-only', () => {
    const { rules } = only(
      planned(
        { landlock: true },
        {
          spec: {
            readOnly: true,
            volumes: [
              { source: '/a', destination: '/rw', access: 'rw' },
              { source: '/b', destination: '/ro', access: 'ro' },
            ],
            tmpfs: [{ destination: '/scratch', mode: 0o1777 }],
          },
        },
      ),
      'landlock',
    );
    const of = (access: string) => rules.paths.filter((rule) => rule.access === access).map(({ path }) => path);
    assert.deepEqual(of('read'), ['/']);
    assert.deepEqual(of('devices'), ['/dev']);
    for (const path of ['/tmp', '/rw', '/scratch', '/home/ann/project']) assert.ok(of('all').includes(path), path);
    for (const path of ['/ro', '/etc', '/usr', '/sys']) assert.ok(!of('all').includes(path), path);
  });
});
