import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planJoin, planSandbox } from '../../../src/plan/plan.ts';
import { hostInput } from '../../plan/inputs.ts';
import { COMMAND_PID, INIT_PID, namesOf, occurInOrder, player } from './roles.ts';
import { failure, int32, textAt } from './scripted-kernel.ts';

const GROUP = '/sys/fs/cgroup/a/payload';
const limits = { enforcement: 'required' } as const;
const RUN = planSandbox(hostInput({ spec: { limits } }));
const JOIN = planJoin(hostInput({ spec: { limits } }), '/store/sandboxes/dev');
const TIMED = planSandbox(hostInput({ spec: { timeout: 1.5 } }));
const EXPLAINER = { executable: '/opt/sandbox', arguments: ['__explain'], afterKill: ['__killed'] };
const KILLED = 9;
const SIGALRM = 14n;
const SI_KERNEL = 0x80;

for (const arch of ['x86_64', 'aarch64'] as const) {
  describe(`a control group on ${arch}`, () => {
    test('is where init is created, by a descriptor of the path that the launcher was given', () => {
      const opened = new Map<bigint, string>();
      let args: Buffer | undefined;
      let removed = '';
      player(RUN, arch).play('monitor', {
        arguments: ['sandbox', GROUP],
        script: {
          openat: ([, path = 0n], memory) => {
            const descriptor = BigInt(20 + opened.size);
            opened.set(descriptor, textAt(memory, path));
            return descriptor;
          },
          clone3: ([record = 0n, size], memory) => {
            assert.equal(size, 88n);
            args = memory.read(record, 88);
            return INIT_PID;
          },
          // What is forked at the end removes the group.
          clone: () => 0n,
          unlinkat: ([, path = 0n, how], memory) => {
            if (how === 0x200n) removed ||= textAt(memory, path);
            return 0n;
          },
        },
      });
      assert.ok(args);
      const flags = args.readBigUInt64LE(0);
      assert.equal(flags & 0x2_0000_0000n, 0x2_0000_0000n, 'CLONE_INTO_CGROUP');
      assert.equal(flags & 0x200_0000n, 0n, 'a namespace of the group is made by init, once it is in it');
      assert.equal(flags & 0x1000_0000n, 0x1000_0000n, 'CLONE_NEWUSER');
      assert.equal(args.readBigUInt64LE(32), 17n, 'SIGCHLD at its end');
      assert.equal(opened.get(args.readBigUInt64LE(80)), GROUP);
      assert.equal(removed, GROUP);
    });

    test('is the topmost one for init, which wipes its path from its arguments', () => {
      let place = 0n;
      let left: string | undefined;
      const played = player(RUN, arch).play('init', {
        arguments: ['sandbox', GROUP],
        script: {
          openat: ([, path = 0n], memory) => {
            if (textAt(memory, path) === GROUP) place = path;
            return 20n;
          },
          clone3: () => 0n,
          clone: () => COMMAND_PID,
          unshare: ([flags]) => {
            assert.equal(flags, 0x200_0000n);
            return 0n;
          },
          pivot_root: (_args, memory) => {
            left = memory.read(place, GROUP.length).toString();
            return 0n;
          },
        },
      });
      assert.equal(left, '\0'.repeat(GROUP.length));
      assert.ok(occurInOrder(namesOf(played), ['clone3', 'unshare', 'pivot_root']));
    });

    test('is entered by who joins through a list that was opened before the sandbox was', () => {
      const written: bigint[] = [];
      const played = player(JOIN, arch).play('command', {
        arguments: ['sandbox', '4711', GROUP],
        script: {
          openat: ([, path = 0n], memory) => (textAt(memory, path) === 'cgroup.procs' ? 50n : 60n),
          write: ([descriptor = 0n, text = 0n], memory) => {
            if (textAt(memory, text) === '0') written.push(descriptor);
            return 1n;
          },
        },
      });
      assert.ok(occurInOrder(namesOf(played), ['openat', 'setns', 'clone', 'write', 'execve']));
      assert.deepEqual(written, [50n]);
    });

    test('is looked at after a kill, by the program that is told its path', () => {
      const words: string[] = [];
      const played = player(RUN, arch, EXPLAINER).play('monitor', {
        arguments: ['sandbox', GROUP],
        script: {
          clone3: () => INIT_PID,
          wait4: (args, memory) => {
            if (args[1] !== 0n && args[1] !== undefined) memory.write(args[1], int32(KILLED));
            return args[0] ?? 0n;
          },
          execve: ([path = 0n, argv = 0n], memory) => {
            words.push(textAt(memory, path));
            for (let at = argv; ; at += 8n) {
              const pointer = memory.read(at, 8).readBigUInt64LE();
              if (pointer === 0n) break;
              words.push(textAt(memory, pointer));
            }
            return failure('ENOENT');
          },
        },
      });
      assert.deepEqual(words, ['/opt/sandbox', '/opt/sandbox', '__killed', GROUP]);
      assert.deepEqual(played.run.exit, { reason: 'exit', status: 137 });
    });
  });

  describe(`a time limit on ${arch}`, () => {
    const alarm = (code: number) => {
      const kills: bigint[] = [];
      const said: string[] = [];
      let signals = 0;
      const { kernel } = player(TIMED, arch).play('monitor', {
        script: {
          rt_sigtimedwait: ([, info = 0n], memory) => {
            memory.write(info + 8n, int32(code));
            return signals++ === 0 ? SIGALRM : 17n;
          },
          kill: ([, signal = 0n]) => {
            kills.push(signal);
            return 0n;
          },
          wait4: (args, memory) => {
            if (args[1] !== 0n && args[1] !== undefined) memory.write(args[1], int32(KILLED));
            return args[0] ?? 0n;
          },
          write: ([descriptor, text = 0n, length = 0n], memory) => {
            if (descriptor === 2n) said.push(memory.read(text, Number(length)).toString());
            return length;
          },
        },
      });
      return { kernel, kills, said };
    };

    test('kills the sandbox when its timer says so, and tells the user', () => {
      const { kernel, kills, said } = alarm(SI_KERNEL);
      assert.ok(kernel.calls.some(({ name }) => name === 'setitimer'));
      assert.deepEqual(kills, [9n]);
      assert.deepEqual(said, ['sandbox: the time limit of 1.5 s is over (--timeout): killed\n']);
    });

    test('leaves a SIGALRM that somebody sends to the command', () => {
      const { kills, said } = alarm(0);
      assert.deepEqual(kills, [SIGALRM]);
      assert.deepEqual(said, []);
    });
  });
}
