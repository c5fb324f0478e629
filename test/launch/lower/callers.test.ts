import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileLauncher } from '../../../src/launch/compile.ts';
import type { InheritedVariables, SetupOp } from '../../../src/launch/operations.ts';
import type { Memory } from '../../../src/launch/reference.ts';
import { runReference } from '../../../src/launch/reference.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { planSandbox } from '../../../src/plan/plan.ts';
import { planShim, type ShimPlan } from '../../../src/plan/shim.ts';
import { hostInput } from '../../plan/inputs.ts';
import { scriptOf } from './roles.ts';
import { failure, type Script, ScriptedKernel, textAt } from './scripted-kernel.ts';

const PROGRAM = ['/opt/sandbox', '__shim', '/p', 'default', 'true', '--'];
const STATE = {
  inode: 5n,
  size: 77n,
  mtime: 1_700_000_000_123_456_789n,
  ctime: 1_700_000_001_000_000_001n,
  mode: 0o100644n,
};
const state = (of: typeof STATE): string => `${of.inode} ${of.size} ${of.mtime} ${of.ctime} ${of.mode}`;
const FILE = { path: '/p/sandbox.toml', state: state(STATE) };
const LOCAL = { path: '/p/sandbox.local.toml', state: '' };
const OWN = { path: '/opt/sandbox', state: state({ ...STATE, inode: 9n }) };

const SHIM: ShimPlan = {
  fresh: { files: [FILE, LOCAL], paths: ['/store/layers/one/tree'], program: OWN },
  program: PROGRAM,
  otherwise: 'it is gone',
  running: { directory: '/store/sandboxes/shop', launcher: '/store/projects/1/join/true' },
  inherited: { names: ['TERM'], prefixes: [] },
  within: '/home/ann/project',
};

/** What statx(2) writes. */
function statx(of: typeof STATE): Buffer {
  const bytes = Buffer.alloc(256, 0xee);
  bytes.writeUInt16LE(Number(of.mode), 28);
  bytes.writeBigUInt64LE(of.inode, 32);
  bytes.writeBigUInt64LE(of.size, 40);
  for (const [at, time] of [
    [96, of.ctime],
    [112, of.mtime],
  ] as const) {
    bytes.writeBigUInt64LE(time / 1_000_000_000n, at);
    bytes.writeUInt32LE(Number(time % 1_000_000_000n), at + 8);
  }
  return bytes;
}

function listAt(memory: Memory, address: bigint): string[] {
  const texts: string[] = [];
  for (let at = address; ; at += 8n) {
    const pointer = memory.read(at, 8).readBigUInt64LE();
    if (pointer === 0n) return texts;
    texts.push(textAt(memory, pointer));
  }
}

interface Executed {
  readonly path: string;
  readonly argv: readonly string[];
  readonly envp: readonly string[];
}

interface Started {
  readonly arguments?: readonly string[];
  readonly environment?: readonly string[];
  readonly script?: Script;
}

/** Plays a role until it becomes another program; gives the first that it becomes. */
function executed(operations: readonly SetupOp[], arch: Arch, role: 'monitor' | 'command', started: Started) {
  let first: Executed | undefined;
  const kernel = new ScriptedKernel(arch, {
    ...scriptOf(role),
    statx: (args, memory) => {
      const [, path = 0n, , , buffer = 0n] = args;
      const known: Record<string, typeof STATE> = { [FILE.path]: STATE, [OWN.path]: { ...STATE, inode: 9n } };
      const found = known[textAt(memory, path)];
      if (found === undefined) return failure('ENOENT');
      memory.write(buffer, statx(found));
      return 0n;
    },
    openat: (args, memory) =>
      textAt(memory, args[1] ?? 0n).startsWith('/store/sandboxes/shop') ? failure('ENOENT') : 20n,
    getcwd: ([buffer = 0n], memory) => {
      memory.write(buffer, Buffer.from('/home/ann/project/src\0'));
      return 22n;
    },
    execve: ([path = 0n, argv = 0n, envp = 0n], memory) => {
      first ??= { path: textAt(memory, path), argv: listAt(memory, argv), envp: listAt(memory, envp) };
      return 0n;
    },
    ...started.script,
  });
  const { program } = compileLauncher(operations, { arch });
  const run = runReference(program, kernel, {
    arch,
    arguments: started.arguments ?? ['./true'],
    environment: started.environment ?? ['TERM=vt100', 'SECRET=1'],
    maxSteps: 2_000_000,
  });
  return { first, kernel, run };
}

for (const arch of ['x86_64', 'aarch64'] as const) {
  const plan = planSandbox(hostInput({}));
  const shim = planShim(plan, SHIM);
  const command = (started: Started, operations: readonly SetupOp[] = shim) =>
    executed(operations, arch, 'command', started);
  const monitor = (started: Started) => executed(shim, arch, 'monitor', started);

  describe(`a shim on ${arch}`, () => {
    test('passes all arguments on behind its own words, whatever they are', () => {
      fc.assert(
        fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 300 }), (words) => {
          const { first } = command({ arguments: ['./true', ...words] });
          assert.deepEqual(first?.argv, ['true', ...words.map((word) => Buffer.from(word).toString('latin1'))]);
        }),
        { numRuns: 30 },
      );
    });

    test('passes none where it was started without even a name', () => {
      assert.deepEqual(command({ arguments: [] }).first?.argv, ['true']);
    });

    test('takes the variables that are asked for, and no others, from its own environment', () => {
      const inheriting = (inherited: InheritedVariables, environment: readonly string[]) =>
        command({ environment }, planShim(plan, { ...SHIM, inherited })).first?.envp;
      const fixed = 'PATH=/usr/bin:/bin';
      const given = [
        'TERM=xterm',
        'TERMINAL=1',
        'LC_ALL=de_DE.UTF-8',
        'LC_X',
        'LD_PRELOAD=/evil.so',
        'PATH=/evil',
        'A=',
      ];
      assert.deepEqual(inheriting({ names: ['TERM', 'A', 'GONE'], prefixes: [] }, given), [fixed, 'TERM=xterm', 'A=']);
      assert.deepEqual(inheriting({ names: ['PATH'], prefixes: [] }, given), ['PATH=/evil']);
      assert.deepEqual(inheriting({ names: [], prefixes: ['LC_'] }, given), [fixed, 'LC_ALL=de_DE.UTF-8', 'LC_X']);
      assert.deepEqual(inheriting({ names: [], prefixes: ['P'] }, given), [fixed], 'what is fixed stays');
      assert.equal(
        inheriting(
          { names: [], prefixes: ['X'] },
          Array.from({ length: 200 }, (_, index) => `X${index}=1`),
        )?.length,
        65,
      );
    });

    test('says that texts are UTF-8 where those of the caller are', () => {
      const languageOf = (...environment: string[]) => {
        const inherited = { names: ['TERM'], prefixes: [], locale: ['LANG', 'C.UTF-8'] } as const;
        const all = command({ environment }, planShim(plan, { ...SHIM, inherited })).first?.envp ?? [];
        return all.filter((text) => text.startsWith('LANG='));
      };
      for (const text of ['LANG=en_US.UTF-8', 'LANG=de_DE.utf8', 'LC_CTYPE=C.utf-8', 'LC_ALL=x.UTF8'])
        assert.deepEqual(languageOf(text), ['LANG=C.UTF-8'], text);
      assert.deepEqual(languageOf('LANG=', 'LC_ALL=', 'LC_CTYPE=C.UTF-8'), ['LANG=C.UTF-8']);
      for (const text of ['LANG=C', 'LANG=8', 'LANG=-8', 'LANG=F8', 'LANG=de_DE.ISO-8859-8', 'LANGUAGE=en.UTF-8'])
        assert.deepEqual(languageOf(text), [], text);
      assert.deepEqual(languageOf('LC_ALL=C', 'LANG=en_US.UTF-8'), [], 'LC_ALL wins');
    });

    test('stands where the caller stands in the workspace, at that path inside', () => {
      const changed = (cwd: string | undefined) => {
        const directories: string[] = [];
        command({
          script: {
            getcwd: ([buffer = 0n], memory) => {
              if (cwd === undefined) return failure('ENOENT');
              memory.write(buffer, Buffer.from(`${cwd}\0`));
              return BigInt(cwd.length + 1);
            },
            chdir: ([path = 0n], memory) => {
              directories.push(textAt(memory, path));
              return 0n;
            },
          },
        });
        return directories.at(-1);
      };
      assert.equal(changed('/home/ann/project/src'), '/home/ann/project/src');
      assert.equal(changed('/home/ann/project'), '/home/ann/project');
      for (const outside of ['/home/ann/projects', '/home/ann', '/', '(unreachable)/home/ann/project', undefined])
        assert.equal(changed(outside), '/home/ann/project', String(outside));
    });

    test('goes on by itself as long as nothing has changed', () => {
      const { first, kernel } = monitor({});
      assert.equal(first, undefined);
      assert.ok(
        kernel.calls.some(({ name }) => name === 'mkdirat'),
        'a sandbox was made',
      );
    });

    const changes: ReadonlyArray<readonly [what: string, script: Script]> = [
      ...(['inode', 'size', 'mtime', 'ctime', 'mode'] as const).map(
        (key) =>
          [
            `another ${key}`,
            {
              statx: (args: readonly bigint[], memory: Memory) => {
                memory.write(args[4] ?? 0n, statx({ ...STATE, [key]: STATE[key] + 1n }));
                return 0n;
              },
            },
          ] as const,
      ),
      ['a file that is gone', { statx: () => failure('ENOENT') }],
      [
        'a file that is new',
        {
          statx: (args, memory) => {
            memory.write(args[4] ?? 0n, statx(STATE));
            return 0n;
          },
        },
      ],
      ['a layer that is gone', { faccessat: () => failure('ENOENT') }],
    ];
    for (const [what, script] of changes) {
      test(`hands over to the program at ${what}, before it makes anything`, () => {
        const { first, kernel } = monitor({ arguments: ['./true', 'a', 'b'], script });
        assert.deepEqual(first, {
          path: '/opt/sandbox',
          argv: [...PROGRAM, 'a', 'b'],
          envp: ['TERM=vt100', 'SECRET=1'],
        });
        const names = kernel.calls.map(({ name }) => name);
        assert.ok(!names.includes('mkdirat') && !names.includes('clone'));
        assert.deepEqual(names.slice(-3), ['rt_sigprocmask', 'umask', 'execve']);
      });
    }

    test('goes on where only the program that made it is gone', () => {
      const { first } = monitor({
        script: {
          statx: (args, memory) => {
            if (textAt(memory, args[1] ?? 0n) !== FILE.path) return failure('ENOENT');
            memory.write(args[4] ?? 0n, statx(STATE));
            return 0n;
          },
        },
      });
      assert.equal(first, undefined);
    });

    test('says so, with status 125, where it is stale and the program is gone', () => {
      const { kernel, run } = monitor({
        script: { faccessat: () => failure('ENOENT'), execve: () => failure('ENOENT') },
      });
      assert.deepEqual(run.exit, { reason: 'exit', status: 125 });
      assert.equal(kernel.calls.find(({ name }) => name === 'write')?.written?.toString(), 'sandbox: it is gone\n');
    });

    const sandboxState = (lock: 'held' | 'free', pid: string): Script => ({
      openat: (args, memory) => {
        const path = textAt(memory, args[1] ?? 0n);
        if (path === '/store/sandboxes/shop/lock') return 30n;
        if (path === '/store/sandboxes/shop/pid') return pid === '' ? failure('ENOENT') : 31n;
        return 20n;
      },
      flock: ([file]) => (file === 30n && lock === 'held' ? failure('EWOULDBLOCK') : 0n),
      read: ([file, buffer = 0n], memory) => {
        if (file !== 31n) return 0n;
        memory.write(buffer, Buffer.from(pid));
        return BigInt(pid.length);
      },
    });

    test('becomes the launcher that joins while the sandbox of the services runs', () => {
      const { first } = monitor({ arguments: ['./true', 'a'], script: sandboxState('held', '4711') });
      assert.equal(first?.path, '/store/projects/1/join/true');
      assert.deepEqual(first?.argv, ['/store/projects/1/join/true', '4711', 'a']);
    });

    test('makes a sandbox of its own where that does not run, or is only being opened', () => {
      assert.equal(monitor({ script: sandboxState('free', '4711') }).first, undefined);
      assert.equal(monitor({ script: sandboxState('held', '') }).first, undefined);
    });

    test('wipes the caller’s variables from the memory of the process that stays inside', () => {
      const secrets = ['A=1', 'TOKEN=0123456789abcdef', 'EMPTY=', 'LAST=xyz'];
      let wiped = false;
      const kernel = new ScriptedKernel(arch, {
        ...scriptOf('init'),
        rt_sigtimedwait: (_args, memory) => {
          const stack = memory.read(0x7fff_ffff_f000n - 160n, 160).toString('latin1');
          wiped = !secrets.some((text) => stack.includes(text)) && !stack.includes('TOKEN') && !stack.includes('xyz');
          return 17n;
        },
      });
      const { program } = compileLauncher(plan, { arch });
      runReference(program, kernel, { arch, arguments: ['./true'], environment: secrets, maxSteps: 200_000 });
      assert.ok(wiped);
    });
  });
}
