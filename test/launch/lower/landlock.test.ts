/** The rules for every version of Landlock that there is, on a kernel that is not there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LandlockRules, SetupOp } from '../../../src/launch/operations.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { LANDLOCK_ACCESS_FS } from '../../../src/linux/constants/landlock.ts';
import { player, scriptOf } from './roles.ts';
import { failure, type Script, textAt } from './scripted-kernel.ts';

const STRICT: LandlockRules = {
  paths: [
    { path: '/', access: 'all' },
    { path: '/dev', access: 'devices' },
  ],
  scoped: true,
};
const EXECUTE: SetupOp = { op: 'execute', command: ['true'], candidates: ['/bin/true'], environment: [] };
const RULESET = 77n;
/** O_ACCMODE of the three streams: a file that is read, a terminal, a pipe. */
const MODES = [0n, 2n, 1n];

interface Rule {
  readonly type: bigint;
  readonly allowed: bigint;
  /** What it is for: a path, a stream's number, a port. */
  readonly on: string | bigint;
}

interface Seen {
  readonly attributes: readonly bigint[] | undefined;
  readonly rules: readonly Rule[];
  readonly restricted: boolean;
  readonly executed: boolean;
  readonly text: string;
}

/** Plays the operation on a kernel whose Landlock has a version; 0: it has none. */
function play(abi: number, rules: LandlockRules, more: Script = {}, arch: Arch = 'x86_64'): Seen {
  let attributes: bigint[] | undefined;
  const found: Rule[] = [];
  const opened = new Map<bigint, string>();
  let restricted = false;
  let executed = false;
  const script: Script = {
    ...scriptOf('monitor'),
    landlock_create_ruleset: ([address = 0n, size = 0n, flags = 0n], memory) => {
      if (flags === 1n) return abi === 0 ? failure('ENOSYS') : BigInt(abi);
      const bytes = memory.read(address, Number(size));
      attributes = Array.from({ length: Number(size) / 8 }, (_, index) => bytes.readBigUInt64LE(index * 8));
      return RULESET;
    },
    openat: ([, address = 0n], memory) => {
      const fd = 100n + BigInt(opened.size);
      opened.set(fd, textAt(memory, address));
      return fd;
    },
    fcntl: ([fd = 0n, command = 0n]) => (command === 3n ? (MODES[Number(fd)] ?? 0n) : 0n),
    landlock_add_rule: ([ruleset = 0n, type = 0n, address = 0n], memory) => {
      assert.equal(ruleset, RULESET);
      const bytes = memory.read(address, type === 1n ? 12 : 16);
      const allowed = bytes.readBigUInt64LE(0);
      const object = type === 1n ? BigInt(bytes.readInt32LE(8)) : bytes.readBigUInt64LE(8);
      found.push({ type, allowed, on: type === 1n ? (opened.get(object) ?? object) : object });
      return 0n;
    },
    landlock_restrict_self: ([ruleset, flags]) => {
      assert.deepEqual([ruleset, flags], [RULESET, 0n]);
      restricted = true;
      return 0n;
    },
    execve: () => {
      executed = true;
      return 0n;
    },
    ...more,
  };
  const { kernel } = player([{ op: 'landlock', rules }, EXECUTE], arch).play('monitor', { script });
  const text = kernel.calls.flatMap(({ name, args, written }) =>
    /^writev?$/.test(name) && args[0] === 2n ? [written?.toString() ?? ''] : [],
  );
  return { attributes, rules: found, restricted, executed, text: text.join('') };
}

const R = LANDLOCK_ACCESS_FS;
const NODES = BigInt(R.LANDLOCK_ACCESS_FS_MAKE_CHAR | R.LANDLOCK_ACCESS_FS_MAKE_BLOCK);
const REFER = BigInt(R.LANDLOCK_ACCESS_FS_REFER);
const DEVICES = BigInt(R.LANDLOCK_ACCESS_FS_IOCTL_DEV);

/** What landlock(7) says of each version: rights on files, on ports, scopes; undefined: the attributes end before. */
const VERSIONS = [
  { abi: 1, attributes: [0x1fffn] },
  { abi: 2, attributes: [0x3fffn] },
  { abi: 3, attributes: [0x7fffn] },
  { abi: 4, attributes: [0x7fffn, 0n] },
  { abi: 5, attributes: [0xffffn, 0n] },
  { abi: 6, attributes: [0xffffn, 0n, 3n] },
  { abi: 7, attributes: [0xffffn, 0n, 3n] },
  { abi: 99, attributes: [0xffffn, 0n, 3n] },
] as const;

describe('Landlock', () => {
  for (const { abi, attributes } of VERSIONS) {
    for (const arch of ['x86_64', 'aarch64'] as const) {
      test(`of version ${abi} gets all that it knows, and nothing else, on ${arch}`, () => {
        const seen = play(abi, STRICT, {}, arch);
        assert.deepEqual(seen.attributes, attributes);
        const [root, devices] = seen.rules;
        const handled = attributes[0];
        assert.deepEqual(root, { type: 1n, allowed: handled & ~NODES & ~DEVICES, on: '/' });
        assert.deepEqual(devices, { type: 1n, allowed: handled & ~NODES, on: '/dev' });
        for (const { allowed, type } of seen.rules) if (type === 1n) assert.equal(allowed & ~handled, 0n);
        if (abi >= 2) assert.equal((root?.allowed ?? 0n) & REFER, REFER, 'files can be moved');
        assert.ok(seen.restricted && seen.executed);
      });
    }
  }

  test('that is not there is passed over', () => {
    const seen = play(0, STRICT);
    assert.deepEqual([seen.attributes, seen.rules, seen.restricted, seen.executed], [undefined, [], false, true]);
  });

  test('grants the streams what they are open for, and takes no for an answer', () => {
    const refusing: Script = {};
    const seen = play(7, STRICT, refusing);
    const streams = seen.rules.slice(2).map(({ on, allowed }) => [on, allowed]);
    const [read, write, truncate] = [
      BigInt(R.LANDLOCK_ACCESS_FS_READ_FILE),
      BigInt(R.LANDLOCK_ACCESS_FS_WRITE_FILE),
      BigInt(R.LANDLOCK_ACCESS_FS_TRUNCATE),
    ];
    assert.deepEqual(streams, [
      [0n, read | DEVICES],
      [1n, read | write | truncate | DEVICES],
      [2n, write | truncate | DEVICES],
    ]);
    const pipes = play(7, STRICT, {
      landlock_add_rule: ([, type = 0n, address = 0n], memory) =>
        type === 1n && memory.read(address, 12).readInt32LE(8) < 3 ? failure('EBADFD') : 0n,
    });
    assert.ok(pipes.restricted && pipes.executed);
  });

  test('passes a missing path over, and grants a file what files can have', () => {
    const rules: LandlockRules = { paths: [{ path: '/file', access: 'all' }], scoped: false };
    const missing = play(7, rules, { openat: () => failure('ENOENT') });
    assert.ok(missing.restricted && missing.executed);
    assert.deepEqual(
      missing.rules.filter(({ on }) => typeof on === 'string'),
      [],
    );
    const asked: bigint[] = [];
    const file = play(7, rules, {
      landlock_add_rule: ([, , address = 0n], memory) => {
        const allowed = memory.read(address, 12).readBigUInt64LE(0);
        if (memory.read(address, 12).readInt32LE(8) < 3) return 0n;
        asked.push(allowed);
        return asked.length === 1 ? failure('EINVAL') : 0n;
      },
    });
    assert.deepEqual(asked, [0x7fffn & ~NODES, 0x4007n]);
    assert.ok(file.restricted && file.executed);
  });

  test('does not go on where a rule is refused for another reason, or the process is not restricted', () => {
    for (const name of ['landlock_add_rule', 'landlock_restrict_self']) {
      const seen = play(7, STRICT, { [name]: () => failure('E2BIG') });
      assert.equal(seen.executed, false, name);
      assert.match(seen.text, /Landlock/);
    }
  });
});

describe('rules for ports', () => {
  const PORTS: LandlockRules = { ...STRICT, connectTcp: [443, 80], bindTcp: [80] };

  test('are made where the kernel has them', () => {
    const seen = play(4, PORTS);
    assert.deepEqual(seen.attributes, [0x7fffn, 3n]);
    assert.deepEqual(
      seen.rules.filter(({ type }) => type === 2n),
      [
        { type: 2n, allowed: 2n, on: 443n },
        { type: 2n, allowed: 3n, on: 80n },
      ],
    );
  });

  test('leave what is not asked about alone, and grant nothing where the list is empty', () => {
    const seen = play(7, { ...STRICT, connectTcp: [] });
    assert.deepEqual(seen.attributes, [0xffffn, 2n, 3n]);
    assert.deepEqual(
      seen.rules.filter(({ type }) => type === 2n),
      [],
    );
  });

  test('come alone where files are not held', () => {
    const seen = play(7, { paths: [], scoped: false, bindTcp: [8080] });
    assert.deepEqual(seen.attributes, [0n, 1n, 0n]);
    assert.deepEqual(seen.rules, [{ type: 2n, allowed: 1n, on: 8080n }]);
  });

  for (const abi of [0, 1, 2, 3]) {
    test(`are no silence with version ${abi}`, () => {
      const seen = play(abi, PORTS);
      assert.deepEqual([seen.restricted, seen.executed], [false, false]);
      assert.match(seen.text, /TCP ports by Landlock.*(EOPNOTSUPP|errno 95|95)/s);
    });
  }
});
