import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { environmentOf, runAs } from '../../support/user.ts';
import { at, ordinary, type Place, place } from '../faults/support/place.ts';

/** Starts `apply` in a process group of its own and kills all of it after some milliseconds; says whether it had ended. */
async function killedAfter(where: Place, name: string, milliseconds: number): Promise<boolean> {
  const { user, cwd, env } = where;
  const account = process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {};
  const child = spawn(user.sandbox, ['apply', name], {
    ...account,
    cwd,
    env: environmentOf(user, env),
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), milliseconds));
  const result = await Promise.race([ended, timer]);
  if (result !== 'late') return true;
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await ended;
  return false;
}

describe('apply that is killed', ordinary, () => {
  it('goes on where it was, as often as it takes, and leaves nothing half', async (t) => {
    const where = place(t, 'review');
    const before =
      'mkdir -p old/a old/b keep; for i in $(seq 150); do echo $i > old/a/$i; echo $i > keep/$i; done; sleep 0.05';
    await runAs(where.user, ['bash', '-c', before], { cwd: where.cwd });
    const name = `killed-${process.pid}`;
    t.after(async () => {
      await at(where, ['rm', '-f', name], { cwd: '/' });
    });
    const work = `rm -r old; mkdir old; for i in $(seq 300); do echo $i > old/$i; echo new$i > keep/$i; done
      mkdir -p links; for i in $(seq 50); do ln keep/1 links/$i; done; rm keep/2; mv keep moved; chmod 500 links`;
    const made = await at(where, ['try', '--name', name, '--', 'bash', '-c', work]);
    assert.equal(made.status, 0, made.stderr);
    let kills = 0;
    for (let wait = 150; kills < 25; wait += 25) {
      if (await killedAfter(where, name, wait)) break;
      kills += 1;
      // Whatever is there is whole: a temporary file may be left, under its own name.
      for (const file of list(`${where.cwd}/old`)) assert.match(file, /^(\d+|a|b|\.sandbox-[0-9a-f]{16})$/);
    }
    assert.ok(kills >= 3, `it was killed ${kills} times`);
    let last = await at(where, ['apply', name]);
    // The run that was not killed in time may have removed the sandbox at its end.
    for (let wait = 0; wait < 3 && /is running|another command/.test(last.stderr); wait++) {
      last = await at(where, ['apply', name]);
    }
    assert.ok(last.status === 0 || /there is no kept sandbox/.test(last.stderr), last.stderr);
    const numbers = (count: number) => Array.from({ length: count }, (_, at) => String(at + 1)).sort();
    assert.deepEqual(list(where.cwd), ['links', 'moved', 'old']);
    assert.deepEqual(list(`${where.cwd}/old`), numbers(300));
    assert.deepEqual(
      list(`${where.cwd}/moved`),
      numbers(300).filter((each) => each !== '2'),
    );
    assert.deepEqual(list(`${where.cwd}/links`), numbers(50));
    const inodes = new Set(numbers(50).map((each) => statSync(`${where.cwd}/links/${each}`).ino));
    assert.equal(inodes.size, 1, 'names of one file');
    assert.equal(statSync(`${where.cwd}/links`).mode & 0o777, 0o500);
  });
});

function list(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
