import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertNothingLeft, gone, sleepers, snapshot, uniqueDuration } from './support/leftovers.ts';
import { at, ordinary, place } from './support/place.ts';

describe('the init of a sandbox', ordinary, () => {
  it('reaps orphans: no zombies are left', async (t) => {
    const where = place(t, 'init');
    // Each subshell leaves a child behind, which ends after it.
    const script = `for n in 1 2 3 4 5 6 7 8; do (sleep 0.0$n &) ; done; sleep 0.5
      grep -l '^State:.Z' /proc/[0-9]*/status; grep -h '^PPid:' /proc/[0-9]*/status | sort | uniq -c | wc -l; ls -d /proc/[0-9]* | wc -l`;
    const result = await at(where, ['run', '--', 'bash', '-c', script]);
    assert.equal(result.status, 0, result.stderr);
    assert.doesNotMatch(result.stdout, /status/, 'a zombie');
  });

  it('adopts them as process 1, and gives their end no weight', async (t) => {
    const where = place(t, 'init');
    const script =
      'sh -c "sleep 0.1; exit 9" & pid=$!; (sh -c "sleep 0.2; grep PPid /proc/\\$\\$/status; exit 8" &); wait $pid; sleep 0.5; exit 7';
    const result = await at(where, ['run', '--', 'bash', '-c', script]);
    assert.deepEqual([result.status, result.stdout], [7, 'PPid:\t1\n'], result.stderr);
  });

  it('takes a command that became a daemon with it when the sandbox ends', async (t) => {
    const where = place(t, 'init');
    const before = snapshot(where.store);
    const duration = uniqueDuration();
    const script = `setsid sh -c 'trap "" HUP TERM INT; nohup sleep ${duration}' </dev/null >/dev/null 2>&1 & 
      until pgrep -f 'sleep ${duration}' >/dev/null; do sleep 0.01; done; echo started`;
    for (const options of [[], ['-t']]) {
      const result = await at(where, ['run', ...options, '--', 'bash', '-c', script]);
      assert.equal(result.status, 0, result.stderr);
      assert.match(result.stdout, /^started/);
      await gone('the daemon', () => sleepers(duration));
    }
    await assertNothingLeft(before);
  });

  it('does not let a daemon that holds the output open keep a pipe from ending', async (t) => {
    const where = place(t, 'init');
    const duration = uniqueDuration();
    const result = await at(where, ['run', '--', 'sh', '-c', `sleep ${duration} & echo done`]);
    assert.deepEqual([result.status, result.stdout], [0, 'done\n'], result.stderr);
    await gone('the daemon', () => sleepers(duration));
  });

  it('cannot be killed or stopped from inside, and hands other signals on to the command', async (t) => {
    const where = place(t, 'init');
    const result = await at(where, [
      'run',
      '-u',
      'root',
      '--',
      'sh',
      '-c',
      'kill -9 1; kill -STOP 1; sleep 0.1; echo alive',
    ]);
    assert.deepEqual([result.status, result.stdout], [0, 'alive\n'], result.stderr);
    const handedOn = await at(where, ['run', '-u', 'root', '--', 'sh', '-c', 'kill -TERM 1; exec sleep 100']);
    assert.equal(handedOn.status, 143);
  });

  it('kills everything at the end, however deep it hides', async (t) => {
    const where = place(t, 'init');
    const before = snapshot(where.store);
    const duration = uniqueDuration();
    const script = `(setsid unshare -Urpf --mount-proc sleep ${duration} || sleep ${duration}) >/dev/null 2>&1 &
      until pgrep -f 'sleep ${duration}' >/dev/null; do sleep 0.01; done`;
    const result = await at(where, ['run', '--', 'bash', '-c', script]);
    assert.equal(result.status, 0, result.stderr);
    await gone('the command', () => sleepers(duration));
    await assertNothingLeft(before);
  });
});
