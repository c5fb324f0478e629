import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planSandbox } from '../../../src/plan/plan.ts';
import { heldOpen } from '../../../src/project/service/box.ts';
import { directoryInput, hostInput } from '../../plan/inputs.ts';
import { namesOf, occurInOrder, player } from './roles.ts';
import { int32 } from './scripted-kernel.ts';

const SIGTERM = 15n;
const POLLHUP = 16;

for (const arch of ['x86_64', 'aarch64'] as const) {
  describe(`a sandbox that is held open, on ${arch}`, () => {
    const { play } = player(heldOpen(planSandbox(hostInput())), arch);

    test('its command waits for SIGTERM, with nothing open and out of the reach of debuggers', () => {
      const held = play('command', { script: { rt_sigtimedwait: () => SIGTERM } });
      const own = namesOf(held).slice(namesOf(held).lastIndexOf('clone'));
      assert.ok(occurInOrder(own, ['prctl', 'capset', 'prctl', 'close_range', 'rt_sigtimedwait', 'exit_group']));
      assert.ok(!own.includes('execve') && !own.includes('seccomp'));
      assert.deepEqual(held.run.exit, { reason: 'exit', status: 0 });
      const calls = held.kernel.calls;
      const wait = calls.findIndex(({ name }) => name === 'rt_sigtimedwait');
      // PR_SET_DUMPABLE is 4.
      assert.ok(calls.slice(0, wait).some(({ name, args }) => name === 'prctl' && args[0] === 4n && args[1] === 0n));
      const closed = calls.slice(0, wait).findLast(({ name }) => name === 'close_range');
      assert.equal(closed?.args[0], 0n);
      assert.equal(BigInt.asIntN(32, closed?.args[1] ?? 0n), -1n);
    });

    test('a wait that a signal breaks off goes on', () => {
      let waits = 0;
      const script = { rt_sigtimedwait: () => (++waits < 3 ? -4n : SIGTERM) };
      assert.deepEqual(play('command', { script }).run.exit, { reason: 'exit', status: 0 });
      assert.equal(waits, 3);
    });

    test('the monitor asks to be killed with its parent before it does anything, and ends if that is gone', () => {
      const monitor = play('monitor');
      const names = namesOf(monitor);
      // PR_SET_PDEATHSIG is 1, SIGKILL 9.
      const tied = monitor.kernel.calls.findIndex(({ name, args }) => name === 'prctl' && args[0] === 1n);
      assert.equal(monitor.kernel.calls[tied]?.args[1], 9n);
      assert.equal(names[tied + 1], 'ppoll');
      assert.ok(tied < names.indexOf('clone') && tied < names.indexOf('mkdirat', tied));
      const orphan = play('monitor', {
        script: {
          ppoll: (args, memory) => {
            memory.write((args[0] ?? 0n) + 4n, int32(POLLHUP << 16));
            return 1n;
          },
        },
      });
      assert.deepEqual(orphan.run.exit, { reason: 'exit', status: 125 });
      assert.ok(!namesOf(orphan).includes('clone'));
    });
  });
}

test('all of the set-up is there, and nothing of what only a command needs', () => {
  const operations = planSandbox(directoryInput({ spec: { network: 'none' } }));
  const start = operations.findIndex(({ op }) => op === 'startCommand');
  const held = heldOpen(operations);
  assert.deepEqual(held.slice(1, start + 1), operations.slice(0, start));
  assert.deepEqual(
    held.slice(start + 1).map(({ op }) => op),
    ['startCommand', 'closeDescriptors', 'dropCapabilities', 'hold'],
  );
});
