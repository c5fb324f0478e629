import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { describeOperation } from '../../../src/launch/describe-operation.ts';
import type { SetupOp } from '../../../src/launch/operations.ts';
import type { Memory } from '../../../src/launch/reference.ts';
import { planJoin, planSandbox } from '../../../src/plan/plan.ts';
import { directoryInput, hostInput } from '../../plan/inputs.ts';
import { COMMAND_PID, INIT_PID, namesOf, occurInOrder, type Played, player, type Role, scriptOf } from './roles.ts';
import { failure, int32, textAt } from './scripted-kernel.ts';

const PLANS: Record<string, readonly SetupOp[]> = {
  'host, as oneself': planSandbox(hostInput({ terminalPath: '/dev/pts/3' })),
  'a directory, as root, without network': planSandbox(
    directoryInput({
      spec: {
        network: 'none',
        readOnly: true,
        stdin: false,
        volumes: [{ source: '/s', destination: '/a/b', access: 'ro' }],
      },
    }),
  ),
  'a directory, as another user, kept': planSandbox(
    directoryInput({ user: { uid: 33, gid: 33 }, spec: { lifetime: { kind: 'named', name: 'dev' } } }),
  ),
};
const JOIN = planJoin(hostInput(), '/store/sandboxes/dev');
const ROLES: readonly Role[] = ['monitor', 'init', 'command'];

/** The last system calls before the end tell how a run went. */
interface Outcome {
  readonly end: string;
  /** What init or the command told the monitor. */
  readonly record: { readonly step: number; readonly errno: number } | undefined;
  /** What the monitor told the user. */
  readonly text: string;
}

function outcomeOf({ kernel, run }: Played): Outcome {
  const record = kernel.calls.findLast(({ name, written }) => name === 'write' && written?.length === 16)?.written;
  const text = kernel.calls.flatMap(({ name, args, written }) =>
    /^writev?$/.test(name) && args[0] === 2n ? [written?.toString() ?? ''] : [],
  );
  return {
    end: run.exit.reason === 'exit' ? `exit ${run.exit.status}` : 'exec',
    record: record ? { step: Number(record.readBigUInt64LE(0)), errno: Number(record.readBigUInt64LE(8)) } : undefined,
    text: text.join(''),
  };
}

function attemptPlay(play: () => Played, what: string): Played {
  try {
    return play();
  } catch (cause) {
    throw new Error(`where ${what} fails`, { cause });
  }
}

/** Where a role begins: before the fork that it comes from it is the one before. */
function firstOwn(role: Role, { kernel }: Played): number {
  return role === 'monitor'
    ? 0
    : kernel.calls.findLastIndex(({ name, answer }) => name === 'clone' && answer === 0n) + 1;
}

for (const arch of ['x86_64', 'aarch64'] as const) {
  for (const [name, operations] of Object.entries(PLANS)) {
    describe(`${name}, on ${arch}`, () => {
      const { play } = player(operations, arch);
      const helpers = operations.some(
        (operation) => operation.op === 'createNamespaces' && operation.ids.kind === 'helpers',
      );

      test('the monitor goes to its directory, clones, maps, waits, and ends as the command', () => {
        const monitor = play('monitor', { script: scriptOf('monitor', 7 << 8) });
        const wanted = [
          'rt_sigprocmask',
          'close_range',
          'fchdir',
          'flock',
          'pipe2',
          'clone',
          ...(helpers ? ['clone', 'clone', 'wait4', 'wait4', 'write'] : []),
          'read',
          'munmap',
          'rt_sigtimedwait',
          'wait4',
          'exit_group',
        ];
        assert.ok(occurInOrder(namesOf(monitor), wanted), namesOf(monitor).join(' '));
        assert.deepEqual(monitor.run.exit, { reason: 'exit', status: 7 });
        assert.ok(!namesOf(monitor).includes('pivot_root') && !namesOf(monitor).includes('execve'));
      });

      test('init ties itself to the monitor, builds the root, starts the command and reaps', () => {
        const init = play('init', { script: scriptOf('init', 9) });
        const wanted = [
          'clone',
          'prctl',
          'ppoll',
          'mount',
          'sethostname',
          'fsopen',
          'fsmount',
          'move_mount',
          'fchdir',
          'pivot_root',
          'umount2',
          'clone',
          'close_range',
          'munmap',
          'rt_sigtimedwait',
          'wait4',
          'exit_group',
        ];
        assert.ok(occurInOrder(namesOf(init), wanted), namesOf(init).join(' '));
        assert.deepEqual(init.run.exit, { reason: 'exit', status: 137 });
        assert.ok(!namesOf(init).includes('execve'));
      });

      test('the command closes descriptors, changes directory, gives up its powers and executes', () => {
        const command = play('command');
        const names = namesOf(command);
        const own = names.slice(names.indexOf('umount2'));
        assert.ok(
          occurInOrder(own, [
            'clone',
            'close_range',
            'chdir',
            'prctl',
            'seccomp',
            'prctl',
            'capset',
            'rt_sigprocmask',
            'execve',
          ]),
          own.join(' '),
        );
        assert.equal(
          own.filter((call) => /mount|openat2|^open_tree/.test(call)).length,
          1,
          'nothing is mounted any more',
        );
        assert.equal(command.run.exit.reason, 'exec');
        // PR_SET_NO_NEW_PRIVS is 38.
        const promise = command.kernel.calls.findIndex(({ name: call, args }) => call === 'prctl' && args[0] === 38n);
        const filter = command.kernel.calls.findIndex(({ name: call }) => call === 'seccomp');
        assert.ok(promise !== -1 && promise < filter);
      });

      for (const role of ROLES) {
        test(`${role}: whichever system call fails, the failure is told or does not matter`, () => {
          const normal = play(role);
          const expected = outcomeOf(normal);
          let told = 0;
          let lastStep = 0;
          const clone = normal.kernel.calls.findIndex(({ name }) => name === 'clone');
          for (let failing = firstOwn(role, normal); failing < normal.kernel.calls.length; failing++) {
            const call = normal.kernel.calls[failing];
            const played = attemptPlay(() => play(role, { failing }), `call ${failing}, ${call?.name}`);
            const outcome = outcomeOf(played);
            const where = `call ${failing}, ${call?.name}: ${JSON.stringify(outcome)}`;
            if (outcome.record && !expected.record) {
              told++;
              assert.notEqual(role, 'monitor', where);
              assert.deepEqual([outcome.end, outcome.record.errno], ['exit 125', 5], where);
              assert.ok(outcome.record.step >= lastStep && outcome.record.step < operations.length, where);
              lastStep = outcome.record.step;
            } else if (outcome.text !== '') {
              told++;
              assert.equal(role, 'monitor', where);
              assert.equal(outcome.end, 'exit 125', where);
              assert.match(outcome.text, /^sandbox: cannot .*: EIO\n$/, where);
              const init = namesOf(played).lastIndexOf('wait4');
              if (failing > clone) assert.ok(init > failing, `init is collected: ${where}`);
            } else {
              assert.equal(outcome.end, expected.end, where);
            }
          }
          assert.ok(told >= 6, `${told} failures were told`);
        });
      }
    });
  }

  describe(`joining, on ${arch}`, () => {
    const { play } = player(JOIN, arch);

    test('enters the namespaces of the process that it is given, and starts the command there', () => {
      const command = play('command', { arguments: ['sandbox', '65535'] });
      const names = namesOf(command);
      assert.ok(
        occurInOrder(names, [
          'pidfd_open',
          'setns',
          'pipe2',
          'clone',
          'prctl',
          'close_range',
          'chdir',
          'seccomp',
          'capset',
          'execve',
        ]),
        names.join(' '),
      );
      const opened = command.kernel.calls.find(({ name }) => name === 'pidfd_open');
      assert.equal(opened?.args[0], 65535n);
      const monitor = play('monitor', { script: scriptOf('monitor', 3 << 8) });
      assert.deepEqual(monitor.run.exit, { reason: 'exit', status: 3 });
      assert.ok(!namesOf(monitor).includes('unlinkat'), 'the sandbox is not removed by who joined it');
    });

    test('whichever system call fails, the failure is told or does not matter', () => {
      for (const role of ['monitor', 'command'] as const) {
        const normal = play(role);
        let told = 0;
        for (let failing = 0; failing < normal.kernel.calls.length; failing++) {
          const outcome = outcomeOf(play(role, { failing }));
          const where = `${role}, call ${failing}, ${normal.kernel.calls[failing]?.name}: ${JSON.stringify(outcome)}`;
          if (outcome.record) assert.deepEqual([outcome.end, outcome.record.errno], ['exit 125', 5], where);
          else if (outcome.text) assert.match(outcome.text, /^sandbox: cannot .*: EIO\n$/, where);
          else assert.equal(outcome.end, outcomeOf(normal).end, where);
          if (outcome.record || outcome.text) told++;
        }
        assert.ok(told >= 2, `${told} failures were told by the ${role}`);
      }
    });
  });

  describe(`the monitor's report, on ${arch}`, () => {
    const operations = PLANS['host, as oneself'] ?? [];
    const { play } = player(operations, arch);
    const tell = (step: number, errno: number, explained?: ReturnType<typeof player>) => {
      const read = (args: readonly bigint[], memory: Memory): bigint => {
        const record = Buffer.alloc(16);
        record.writeBigUInt64LE(BigInt(step), 0);
        record.writeBigUInt64LE(BigInt(errno), 8);
        memory.write(args[1] ?? 0n, record);
        return 16n;
      };
      return (explained?.play ?? play)('monitor', { script: { read } });
    };

    test('names every operation and errno that init may tell', () => {
      operations.forEach((operation, step) => {
        if (operation.op === 'execute') return;
        const outcome = outcomeOf(tell(step, 13));
        assert.equal(outcome.end, 'exit 125');
        assert.equal(
          outcome.text,
          `sandbox: cannot ${JSON.stringify(describeOperation(operation)).slice(1, -1)}: EACCES\n`,
        );
      });
      assert.match(outcomeOf(tell(3, 9999)).text, /: unknown error\n$/);
    });

    test('has the statuses that docker and env made known for a command that cannot be executed', () => {
      const execute = operations.findIndex(({ op }) => op === 'execute');
      const statuses: ReadonlyArray<readonly [errno: number, end: string, text: RegExp]> = [
        [2, 'exit 127', /true: command not found/],
        [13, 'exit 126', /permission denied/],
        [8, 'exit 126', /exec format error/],
        [1002, 'exit 126', /interpreter/],
        [7, 'exit 126', /too long/],
        [5, 'exit 125', /cannot execute true: EIO/],
      ];
      for (const [errno, end, text] of statuses) {
        const outcome = outcomeOf(tell(execute, errno));
        assert.equal(outcome.end, end, String(errno));
        assert.match(outcome.text, text);
      }
    });

    test('is left to the explainer where there is one, and said plainly where that cannot be executed', () => {
      const words: string[] = [];
      const explained = player(operations, arch, {
        executable: '/opt/sandbox',
        arguments: ['__explain'],
        afterKill: ['__killed'],
      });
      const script = {
        execve: (args: readonly bigint[], memory: Memory): bigint => {
          const [path = 0n, argv = 0n, envp = 0n] = args;
          words.push(textAt(memory, path));
          for (const [list, limit] of [
            [argv, 9],
            [envp, 9],
          ] as const) {
            for (let index = 0; index < limit; index++) {
              const pointer = memory.read(list + BigInt(index * 8), 8).readBigUInt64LE();
              if (pointer === 0n) break;
              words.push(textAt(memory, pointer));
            }
          }
          return failure('EACCES');
        },
        mount: () => 0n,
      };
      const failing = play('monitor').kernel.calls.findIndex(({ name }) => name === 'flock');
      const outcome = outcomeOf(explained.play('monitor', { script, failing }));
      assert.deepEqual(words, [
        '/opt/sandbox',
        '/opt/sandbox',
        '__explain',
        'enterSandboxDirectory',
        describeOperation(operations[0] as SetupOp),
        '5',
        'TERM=dumb',
      ]);
      assert.match(outcome.text, /^sandbox: cannot make a sandbox in .*: EIO\n$/);
    });
  });

  describe(`supervision, on ${arch}`, () => {
    const { play } = player(PLANS['a directory, as another user, kept'] ?? [], arch);
    const SI_KERNEL = 0x80;
    const SIGCHLD = 17;

    /** Kills that a role sends when these signals arrive before its child ends. */
    const killsOf = (role: Role, signals: ReadonlyArray<readonly [signal: number, code: number]>) => {
      const script = {
        rt_sigtimedwait: (args: readonly bigint[], memory: Memory, earlier: number): bigint => {
          const [signal, code] = signals[earlier] ?? [SIGCHLD, 1];
          const info = Buffer.alloc(128);
          info.writeInt32LE(signal, 0);
          info.writeInt32LE(code, 8);
          memory.write(args[1] ?? 0n, info);
          return BigInt(signal);
        },
      };
      const played = play(role, { script });
      return played.kernel.calls.filter(({ name }) => name === 'kill').map(({ args }) => [args[0], args[1]] as const);
    };

    test('signals are handed on, but not those that the terminal has sent to everyone', () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.constantFrom(0, -6, SI_KERNEL)), { maxLength: 8 }),
          (all) => {
            const signals = all.filter(([signal]) => signal !== SIGCHLD);
            const handedOn = (pid: bigint) =>
              // SIGHUP and SIGCONT of a terminal reach its session's leader only.
              signals.flatMap(([signal, code]) =>
                code === SI_KERNEL && signal !== 1 && signal !== 18 ? [] : [[pid, BigInt(signal)] as const],
              );
            assert.deepEqual(killsOf('init', signals), handedOn(COMMAND_PID));
            const monitor = killsOf('monitor', signals);
            assert.deepEqual(
              monitor.filter(([pid]) => pid === INIT_PID),
              handedOn(INIT_PID),
            );
            const stops = signals.filter(([signal]) => signal >= 20 && signal <= 22).map(() => [4000n, 19n] as const);
            assert.deepEqual(
              // Signal 0 only asks whether the terminal's group is still there.
              monitor.filter(([pid, signal]) => pid !== INIT_PID && signal !== 0n),
              stops,
              'stops itself as its job is stopped',
            );
          },
        ),
        { numRuns: 60 },
      );
    });

    test('the exit status is the command’s own, or 128 and the signal that ended it', () => {
      fc.assert(
        fc.property(fc.nat({ max: 255 }), fc.integer({ min: 1, max: 64 }), fc.boolean(), (status, signal, dumped) => {
          for (const role of ['monitor', 'init'] as const) {
            assert.deepEqual(play(role, { script: scriptOf(role, status << 8) }).run.exit, { reason: 'exit', status });
            const killed = play(role, { script: scriptOf(role, signal | (dumped ? 0x80 : 0)) });
            assert.deepEqual(killed.run.exit, { reason: 'exit', status: 128 + signal });
          }
        }),
        { numRuns: 40 },
      );
    });

    test('init reaps orphans until the command has ended', () => {
      const reaped = [900n, 901n, COMMAND_PID];
      const { kernel, run } = play('init', {
        script: {
          wait4: (args, memory, earlier) => {
            memory.write(args[1] ?? 0n, int32(earlier < 2 ? 1 << 8 : 5 << 8));
            return reaped[earlier] ?? 0n;
          },
        },
      });
      assert.ok(kernel.calls.filter(({ name }) => name === 'wait4').length >= 3);
      assert.deepEqual(run.exit, { reason: 'exit', status: 5 });
    });
  });
}
