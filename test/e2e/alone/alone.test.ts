import assert from 'node:assert/strict';
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { giveTo } from '../support/executed.ts';
import { hold } from '../support/held.ts';
import { account, bare, ordinary } from '../support/inside.ts';

/** What an account has in places where programs leave things. */
function leftBy({ uid }: TestUser): string[] {
  return ['/tmp', '/dev/shm', '/var/tmp']
    .flatMap((directory) => readdirSync(directory).map((name) => `${directory}/${name}`))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.uid === uid);
}

test(
  'copied alone into an empty directory of another account it works, and leaves nothing lying about',
  bare,
  async (t) => {
    const home = workDirectory(t, account('bare'));
    const cwd = `${home}/project`;
    mkdirSync(cwd);
    copyFileSync(account('bare').sandbox, `${home}/sandbox`);
    const user = { ...account('bare'), home, sandbox: `${home}/sandbox` };
    for (const path of [cwd, user.sandbox]) giveTo(user, path);
    const before = leftBy(user);
    // Nothing of the file system but the kernel's, libc and the file itself is needed: a PATH that leads nowhere.
    const env = { PATH: '/nowhere', TMPDIR: home };
    const first = await sandbox(user, ['run', '--', '/bin/sh', '-c', 'echo in $PWD as $USER; exit 5'], { cwd, env });
    assert.deepEqual([first.status, first.stdout], [5, `in ${cwd} as ${user.name}\n`], first.stderr);
    const kept = await sandbox(user, ['shell', '--name', 'kept', '--', '/bin/sh', '-c', 'echo kept > /opt/f'], {
      cwd,
      env,
    });
    assert.equal(kept.status, 0, kept.stderr);
    assert.match(
      (await sandbox(user, ['shell', '--name', 'kept', '--', '/bin/cat', '/opt/f'], { cwd, env })).stdout,
      /^kept$/m,
    );
    for (const words of [
      ['plan', '--', '/bin/true'],
      ['ps', '-a'],
      ['doctor'],
      ['--help'],
      ['rm', 'kept'],
      ['completion', 'bash'],
    ]) {
      const { status, stderr } = await sandbox(user, words, { cwd, env });
      assert.ok(status === 0 || words[0] === 'doctor', `${words.join(' ')}: ${stderr}`);
    }
    assert.match((await sandbox(user, ['--version'], { cwd, env })).stdout, /^sandbox \d+\.\d+\.\d+\n$/);
    assert.deepEqual(leftBy(user), before);
    assert.deepEqual(readdirSync(home).sort(), ['.local', 'project', 'sandbox']);
    assert.deepEqual(readdirSync(`${home}/.local/share`), ['sandbox']);
    assert.deepEqual(readdirSync(cwd), []);
  },
);

test('a home that is not below /home or /var/tmp is hidden all the same', ordinary, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('cannot run here: needs root to make a home there');
  const home = `/usr/local/src/sandbox-home-${process.pid}`;
  mkdirSync(`${home}/project`, { recursive: true });
  mkdirSync(`${home}/.ssh`);
  const { execFileSync } = await import('node:child_process');
  t.after(() => execFileSync('rm', ['-rf', home]));
  execFileSync('chown', ['-R', `${account().uid}:${account().gid}`, home]);
  const user = { ...account(), home };
  const script = `ls -A ${home}; ls -A /usr/local/src; echo x > ${home}/.profile; pwd`;
  const { stdout, stderr, status } = await sandbox(user, ['run', '--', 'sh', '-c', script], { cwd: `${home}/project` });
  assert.deepEqual([status, stdout], [0, `project\nsandbox-home-${process.pid}\n${home}/project\n`], stderr);
  assert.deepEqual(readdirSync(home).sort(), ['.local', '.ssh', 'project']);
});

test('while a sandbox is open nothing of Node remains: two processes of some kilobytes', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = `resident-${process.pid}`;
  t.after(async () => await sandbox(account(), ['rm', '--force', name]));
  const held = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  const listed = await sandbox(account(), ['ps', '--json'], { cwd });
  const list = JSON.parse(listed.stdout) as Array<{ name?: string; pid: number }>;
  const init = list.find((each) => each.name === name)?.pid;
  let kilobytes = 0;
  for (const pid of [held.process.pid, init]) {
    assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'sandbox\n');
    assert.deepEqual(readdirSync(`/proc/${pid}/task`), [String(pid)]);
    kilobytes += Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss: +(\d+) kB/m)?.[1]);
  }
  assert.ok(kilobytes > 0 && kilobytes <= 64, `${kilobytes} kB`);
  assert.equal(await held.end(), 0);
});
