import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAuditLog } from '../../src/audit/log.ts';
import { type Circumstances, summarise } from '../../src/audit/summary.ts';
import { logBytes, type MadeRecord } from './log-bytes.ts';

const HOST = new Set([
  '/home/me/.ssh/id_rsa',
  '/usr/lib/other.so',
  '/run/user/1000/bus',
  '/proc/9',
  '/var/run/docker.sock',
]);

function report(records: readonly MadeRecord[], circumstances: Partial<Circumstances> = {}) {
  return summarise(readAuditLog(logBytes(records)), {
    rootfs: 'host',
    network: 'none',
    workspace: '/home/me/work',
    home: '/home/me',
    onHost: (path) => HOST.has(path) || path === '/home/me',
    ...circumstances,
  });
}

const address = (...bytes: (number | string)[]): Buffer =>
  Buffer.concat(bytes.map((each) => (typeof each === 'string' ? Buffer.from(each) : Buffer.from([each]))));

describe('what was kept away', () => {
  const missing = [...HOST, '/home/me', '/nowhere'].map((path) => ({ name: 'openat', path, missing: true }));

  test('is what the host has and the sandbox has not', () => {
    const { keptAway } = report([...missing, ...missing, { name: 'openat', path: '/home/me/.ssh/id_rsa' }]);
    assert.deepEqual(keptAway, [
      '/home/me/.ssh/id_rsa',
      '/usr/lib/other.so',
      '/run/user/1000/bus',
      '/var/run/docker.sock',
    ]);
  });

  test("on an image's system is only what is the user's own", () => {
    const { keptAway } = report(missing, { rootfs: 'image' });
    assert.deepEqual(keptAway, ['/home/me/.ssh/id_rsa', '/run/user/1000/bus', '/var/run/docker.sock']);
  });

  test('is also a socket that was to be connected to', () => {
    const socket = { name: 'connect', address: address(1, 0, '/var/run/docker.sock', 0), missing: true };
    const { keptAway, network } = report([socket]);
    assert.deepEqual(keptAway, ['/var/run/docker.sock']);
    assert.deepEqual(
      network.map(({ text, keptAway: kept }) => [text, kept]),
      [['/var/run/docker.sock', true]],
    );
  });

  test('is no call that was refused', () => {
    assert.deepEqual(report([{ ...missing[0], name: 'mount', errno: 'EPERM' }]).keptAway, []);
  });
});

describe('files', () => {
  test('for writing are those outside the workspace, and reading is told apart from that by the flags', () => {
    const open = (path: string, flags: bigint): MadeRecord => ({ name: 'openat', path, arguments: [0n, 0n, flags] });
    const { written, read } = report([
      open('/home/me/work/a', 0o101n),
      open('/etc/made', 0o101n),
      open('/etc/both', 0o2n),
      open('/etc/cut', 0o1000n),
      open('/dev/null', 0o1n),
      open('/etc/read', 0o2000000n),
      { name: 'newfstatat', path: '/etc/looked-at' },
    ]);
    assert.deepEqual(written, ['/etc/made', '/etc/both', '/etc/cut']);
    assert.deepEqual(read, ['/etc/read']);
  });

  test('that were executed are those that are there', () => {
    const { programs } = report([
      { name: 'execve', path: '/usr/local/bin/cc', missing: true },
      { name: 'execve', path: '/usr/bin/cc' },
    ]);
    assert.deepEqual(programs, ['/usr/bin/cc']);
  });
});

describe('refused calls', () => {
  test('are counted, the most frequent first, each errand once', () => {
    const vsock = { name: 'socket', errno: 'EPERM', arguments: [40n, 1n] };
    const { refused } = report([
      { name: 'keyctl', errno: 'ENOSYS', arguments: [1n] },
      vsock,
      vsock,
      { name: 'socket', errno: 'EPERM', arguments: [17n, 0x80003n] },
      { name: 'unshare', errno: 'EPERM', arguments: [0x10020000n] },
      { name: 'clone', errno: 'EPERM', arguments: [0x10000011n] },
      { name: 'ioctl', errno: 'EPERM', arguments: [0n, 0x5412n] },
    ]);
    assert.deepEqual(
      refused.map(({ call, errno, count, arguments: texts }) => `${call} ${errno} ${count}: ${texts.join('; ')}`),
      [
        'socket EPERM 3: AF_VSOCK, SOCK_STREAM; AF_PACKET, SOCK_RAW',
        'clone EPERM 1: CLONE_NEWUSER',
        'ioctl EPERM 1: TIOCSTI',
        'keyctl ENOSYS 1: KEYCTL_JOIN_SESSION_KEYRING',
        'unshare EPERM 1: CLONE_NEWNS|CLONE_NEWUSER',
      ],
    );
  });
});

describe('addresses', () => {
  const inet = address(2, 0, 1, 187, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const inet6 = address(10, 0, 0, 53, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1, 0, 0, 0, 0);
  const uses = (records: readonly MadeRecord[], network: 'none' | 'host') =>
    report(records, { network }).network.map(({ text, use, keptAway }) => `${use} ${text} ${keptAway}`);

  test('have no way out without a network, and one with the host’s', () => {
    const records = [inet, inet6, inet].map((each) => ({ name: 'connect', address: each }));
    assert.deepEqual(uses(records, 'none'), ['connect 192.0.2.1:443 true', 'connect [2001:db8::1]:53 true']);
    assert.deepEqual(uses(records, 'host'), ['connect 192.0.2.1:443 false', 'connect [2001:db8::1]:53 false']);
  });

  test('of the sandbox itself are open: loopback, abstract names', () => {
    const loopback = address(2, 0, 0, 80, 127, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0);
    const abstract = address(1, 0, 0, 'name');
    assert.deepEqual(
      uses(
        [
          { name: 'connect', address: loopback },
          { name: 'bind', address: abstract },
        ],
        'none',
      ),
      ['connect 127.0.0.9:80 false', 'bind @name false'],
    );
  });

  test('that are cut short, or of no family, say nothing', () => {
    const broken = [
      inet.subarray(0, 7),
      inet6.subarray(0, 20),
      address(1, 0),
      address(0, 0, 1, 2, 3, 4, 5, 6),
      address(2),
    ];
    assert.deepEqual(
      uses(
        broken.map((each) => ({ name: 'sendto', address: each })),
        'none',
      ),
      [],
    );
    assert.deepEqual(uses([{ name: 'bind', address: address(16, 0, 0, 0) }], 'none'), ['bind address family 16 false']);
  });
});
