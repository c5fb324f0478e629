import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { hierarchyOf } from '../../../src/cgroup/hierarchy.ts';
import { readMountInfo } from '../../../src/linux/mountinfo.ts';
import { environmentOf, needsAccount, sandbox, testUser, workDirectory } from '../../support/user.ts';

const skip = needsAccount('subordinate');
const { kind } = hierarchyOf(readMountInfo(), readFileSync('/proc/self/cgroup', 'utf8'));
/** What was asked for cannot be had: on a host without cgroup v2 alone, it is sure. */
const withoutGroups = {
  skip: skip || (kind === 'unified' ? 'cannot run here: this host may delegate control groups' : false),
};

/** A sandbox that sleeps, by its id. */
async function sleeping(t: TestContext, ...words: string[]) {
  const user = testUser();
  const cwd = workDirectory(t, user);
  const isRoot = process.getuid?.() === 0;
  const child = spawn(
    user.sandbox,
    ['run', ...words, '--', 'sh', '-c', 'trap "exit 7" USR1; echo up; sleep 600 & wait'],
    {
      cwd,
      env: environmentOf(user),
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
    },
  );
  const ended = new Promise<number>((resolve) =>
    child.once('exit', (status, signal) => resolve(status ?? (signal === 'SIGKILL' ? -9 : -1))),
  );
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const { stdout } = await sandbox(user, ['ps', '--json']);
  const found = (JSON.parse(stdout) as Array<{ id: string; workspace?: string }>).find(
    ({ workspace }) => workspace === cwd,
  );
  assert.ok(found, stdout);
  return { user, id: found.id, ended };
}

describe('--timeout', { skip }, () => {
  it('kills the command and says so', async (t) => {
    const user = testUser();
    const { status, stderr } = await sandbox(user, ['run', '--timeout', '1', '--', 'sleep', '60'], {
      cwd: workDirectory(t, user),
    });
    assert.equal(status, 137);
    assert.match(stderr, /^sandbox: the time limit of 1 s is over \(--timeout\): killed$/m);
  });

  it('changes nothing for what ends in time', async (t) => {
    const user = testUser();
    const cwd = workDirectory(t, user);
    const { status, stderr } = await sandbox(user, ['run', '--timeout', '60', '--', 'sh', '-c', 'exit 3'], { cwd });
    assert.deepEqual([status, stderr], [3, '']);
  });
});

describe('--ulimit', { skip }, () => {
  it('holds each process, soft and hard', async (t) => {
    const user = testUser();
    const script = 'ulimit -n; ulimit -Hn; ulimit -c; ulimit -f';
    const { stdout } = await sandbox(
      user,
      ['run', '--ulimit', 'nofile=100:200', '--ulimit', 'core=0', '--ulimit', 'fsize=4096', '--', 'sh', '-c', script],
      { cwd: workDirectory(t, user) },
    );
    assert.equal(stdout, '100\n200\n0\n8\n');
  });
});

describe('limits where there are no control groups', withoutGroups, () => {
  it('are an error that says why and what to do', async (t) => {
    const user = testUser();
    const { status, stderr, stdout } = await sandbox(user, ['run', '-m', '64m', '--', 'echo', 'ran'], {
      cwd: workDirectory(t, user),
    });
    assert.deepEqual([status, stdout], [125, '']);
    assert.match(stderr, /cgroup v1[\s\S]*hint: .*--limits best-effort/);
  });

  it('are said not to be there, once, where that was asked for', async (t) => {
    const user = testUser();
    const { status, stderr, stdout } = await sandbox(
      user,
      ['run', '-m', '64m', '--cpus', '1', '--limits', 'best-effort', '--', 'echo', 'ran'],
      { cwd: workDirectory(t, user) },
    );
    assert.deepEqual([status, stdout], [0, 'ran\n']);
    assert.match(stderr, /^sandbox: no limits: .*\n$/);
  });

  it('cannot be changed, and nothing can be paused', async (t) => {
    const { user, id } = await sleeping(t);
    for (const words of [
      ['update', '--memory', '1g', id],
      ['pause', id],
    ]) {
      const { status, stderr } = await sandbox(user, words);
      assert.equal(status, 125, stderr);
      assert.match(stderr, /has no control group\n +hint: /);
    }
  });
});

describe('a running sandbox', { skip }, () => {
  it('shows what it uses, and its processes', async (t) => {
    const { user, id } = await sleeping(t);
    const stats = JSON.parse((await sandbox(user, ['stats', '--json', id])).stdout) as Array<Record<string, unknown>>;
    assert.equal(stats.length, 1);
    assert.deepEqual([stats[0]?.id, stats[0]?.source], [id, 'processes']);
    assert.ok(Number(stats[0]?.memory) > 100_000);
    const text = await sandbox(user, ['stats', id]);
    assert.match(text.stdout, new RegExp(`^NAME +CPU % [^\\n]*\\n${id} `));
    const processes = JSON.parse((await sandbox(user, ['top', id, '--json'])).stdout) as Array<{
      pid: number;
      inside: number;
      command: string[];
    }>;
    assert.equal(processes.find(({ inside }) => inside === 1)?.command[0], 'sandbox');
    const sleep = processes.find(({ command }) => command[0] === 'sleep');
    assert.ok(sleep && existsSync(`/proc/${sleep.pid}`));
    assert.match((await sandbox(user, ['top', id])).stdout, /^USER +PID +HPID/);
  });

  it('is killed, or gets a signal', async (t) => {
    const asked = await sleeping(t);
    assert.equal((await sandbox(asked.user, ['kill', '-s', 'USR1', asked.id])).stdout, `${asked.id}\n`);
    assert.equal(await asked.ended, 7);
    const killed = await sleeping(t);
    assert.equal((await sandbox(killed.user, ['kill', killed.id])).status, 0);
    assert.equal(await killed.ended, 137);
  });

  it('has to be there', async () => {
    const user = testUser();
    for (const command of ['stats', 'top', 'kill', 'pause', 'unpause']) {
      const { status, stderr } = await sandbox(user, [command, 'nobody-like-that']);
      assert.equal(status, 125, command);
      assert.match(stderr, /no sandbox "nobody-like-that"/);
    }
  });
});
