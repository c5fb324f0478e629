import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { environmentOf } from '../../support/user.ts';
import { assertNothingLeft, gone, sleepers, snapshot, uniqueDuration } from './support/leftovers.ts';
import { ordinary, type Place, place } from './support/place.ts';

/** Starts `sandbox` and waits until its command has printed a line. */
async function started({ user, cwd, env }: Place, words: readonly string[]) {
  const child = spawn(user.sandbox, words, {
    cwd,
    env: environmentOf(user, env),
    ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  const end = new Promise<readonly [number | null, string]>((resolve) =>
    child.once('close', (status) => resolve([status, output])),
  );
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error(`ended early: ${output}`)));
    child.stdout.on('data', (text: string) => {
      output += text;
      if (output.includes('\n')) resolve();
    });
  });
  return { child, end };
}

describe('a signal to the monitor', ordinary, () => {
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGALRM'] as const) {
    it(`${name} ends the command, which gives 128 and its number`, async (t) => {
      const where = place(t, 'signals');
      const before = snapshot(where.store);
      const duration = uniqueDuration();
      const { child, end } = await started(where, ['run', '--', 'sh', '-c', `echo now; exec sleep ${duration}`]);
      child.kill(name);
      assert.deepEqual(await end, [128 + constants.signals[name], 'now\n']);
      await gone('the command', () => sleepers(duration));
      await assertNothingLeft(before);
    });

    it(`${name} reaches a command that handles it, which goes on`, async (t) => {
      const where = place(t, 'signals');
      const trap = `trap 'echo got ${name}; exit 9' ${name.slice(3)}; echo now; while :; do sleep 0.05; done`;
      const { child, end } = await started(where, ['run', '--', 'sh', '-c', trap]);
      child.kill(name);
      assert.deepEqual(await end, [9, `now\ngot ${name}\n`]);
    });
  }

  it('SIGTERM ends a command with a terminal of its own, and one in a sandbox with a name', async (t) => {
    const where = place(t, 'signals');
    const before = snapshot(where.store);
    const { child, end } = await started(where, ['run', '-t', '--', 'sh', '-c', 'echo now; exec sleep 1000']);
    child.kill('SIGTERM');
    assert.equal((await end)[0], 143);
    const named = await started(where, ['shell', '--name', 'signals', '--', 'sh', '-c', 'echo now; exec sleep 1000']);
    named.child.kill('SIGTERM');
    assert.equal((await named.end)[0], 143);
    await assertNothingLeft(before);
  });

  it('a command that a signal ends gives 128 and its number', async (t) => {
    const where = place(t, 'signals');
    for (const name of ['SIGKILL', 'SIGSEGV', 'SIGPIPE'] as const) {
      const { end } = await started(where, ['run', '--', 'sh', '-c', `echo now; kill -${name.slice(3)} $$`]);
      assert.equal((await end)[0], 128 + constants.signals[name], name);
    }
  });

  it('SIGSTOP and SIGCONT to the monitor do not lose the exit status', async (t) => {
    const where = place(t, 'signals');
    const { child, end } = await started(where, ['run', '--', 'sh', '-c', 'echo now; sleep 0.3; exit 6']);
    child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGCONT');
    assert.equal((await end)[0], 6);
  });
});
