import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary, tryInside } from '../support/inside.ts';

/** A script's view of the workspace: may it write, and where is it. */
const PROBE = 'pwd; cat given; (echo inside > made) 2>/dev/null && cat made; rm -f given 2>/dev/null; ls';

function workspace(t: Parameters<typeof workDirectory>[0]): string {
  const path = workDirectory(t, account());
  writeFileSync(`${path}/given`, 'host\n');
  chownSync(`${path}/given`, account().uid, account().gid);
  return path;
}

test("rw: the directory itself, at its own path; new files are the user's", ordinary, async (t) => {
  for (const words of [[], ['--workspace', 'rw']]) {
    const cwd = workspace(t);
    assert.equal(await inside(account(), { cwd }, words, PROBE), `${cwd}\nhost\ninside\nmade`);
    assert.deepEqual(readdirSync(cwd), ['made']);
    const { uid, gid, mode } = statSync(`${cwd}/made`);
    assert.deepEqual([uid, gid, mode & 0o777], [account().uid, account().gid, 0o644]);
  }
});

test('ro: seen and not to be written', ordinary, async (t) => {
  const cwd = workspace(t);
  assert.equal(await inside(account(), { cwd }, ['--workspace', 'ro'], PROBE), `${cwd}\nhost\ngiven`);
  const { stderr } = await tryInside(account(), { cwd }, ['--workspace', 'ro'], 'touch new');
  assert.match(stderr, /Read-only file system/);
  assert.deepEqual(readdirSync(cwd), ['given']);
});

test('cow: written inside, unchanged outside', ordinary, async (t) => {
  const cwd = workspace(t);
  const script = `${PROBE}; mkdir -p d/e && echo x > d/e/f && mv d moved && ls moved/e`;
  assert.equal(await inside(account(), { cwd }, ['--workspace', 'cow'], script), `${cwd}\nhost\ninside\nmade\nf`);
  assert.deepEqual(readdirSync(cwd), ['given']);
  assert.equal(readFileSync(`${cwd}/given`, 'utf8'), 'host\n');
});

test('cow: a file is changed in place inside and keeps its content outside', ordinary, async (t) => {
  const cwd = workspace(t);
  assert.equal(await inside(account(), { cwd }, ['--workspace', 'cow'], 'echo more >> given; cat given'), 'host\nmore');
  assert.equal(readFileSync(`${cwd}/given`, 'utf8'), 'host\n');
});

test('none: not there, and the command starts in the empty home', ordinary, async (t) => {
  const cwd = workspace(t);
  const script = `pwd; ls -A; test -e '${cwd}' || echo absent`;
  assert.equal(await inside(account(), { cwd }, ['--workspace', 'none'], script), `${account().home}\nabsent`);
  assert.deepEqual(readdirSync(cwd), ['given']);
});

test('its siblings in the home are not there', ordinary, async (t) => {
  const sibling = workspace(t);
  const cwd = workspace(t);
  const script = `ls ..; test -e '${sibling}/given' || echo absent`;
  assert.equal(await inside(account(), { cwd }, [], script), `${cwd.split('/').at(-1)}\nabsent`);
});

test('a directory deep in the home is at its own path, nothing else of the way', ordinary, async (t) => {
  const top = workspace(t);
  const cwd = `${top}/a b/ü\n/c`;
  mkdirSync(cwd, { recursive: true });
  chownSync(cwd, account().uid, account().gid);
  assert.equal(await inside(account(), { cwd }, [], `pwd; echo x > f; ls '${top}'`), `${cwd}\na b`);
  assert.deepEqual(readdirSync(cwd), ['f']);
});

test('reached through a symbolic link it is at its real path', ordinary, async (t) => {
  const cwd = workspace(t);
  const link = `${workDirectory(t, account())}/link`;
  const { symlinkSync } = await import('node:fs');
  symlinkSync(cwd, link);
  assert.equal(await inside(account(), { cwd: link, env: { PWD: link } }, [], '/bin/pwd; ls'), `${cwd}\ngiven`);
});

test('the home, what holds it, and / are not mounted unless asked for, and that is said', ordinary, async (t) => {
  const { home } = account();
  const marker = `${home}/.secret-${process.pid}`;
  writeFileSync(marker, 'secret');
  t.after(async () => (await import('node:fs')).rmSync(marker));
  const reasons: ReadonlyArray<readonly [string, RegExp]> = [
    [home, /the current directory is your home: not mounted \(--workspace rw mounts it\)/],
    [home.slice(0, home.lastIndexOf('/')), /the current directory holds your home: not mounted/],
    ['/', /the current directory is the whole system: not mounted$/m],
  ];
  for (const [cwd, reason] of reasons) {
    const { status, stdout, stderr } = await tryInside(account(), { cwd }, [], `pwd; test -e ${marker} || echo absent`);
    assert.deepEqual([status, stdout], [0, `${home}\nabsent\n`], stderr);
    assert.match(stderr, reason);
  }
  const { status, stdout, stderr } = await tryInside(account(), { cwd: home }, ['--workspace', 'rw'], `cat ${marker}`);
  assert.deepEqual([status, stdout, stderr], [0, 'secret', '']);
  const refused = await sandbox(account(), ['run', '--workspace', 'rw', '--', 'true'], { cwd: '/' });
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /current directory is \/.*\n.*hint: .*--workspace none/);
});

test('--workdir is where the command starts, and has to exist', ordinary, async (t) => {
  const cwd = workspace(t);
  for (const word of ['-w', '--workdir'])
    assert.equal(await inside(account(), { cwd }, [word, '/usr/share/'], 'pwd'), '/usr/share');
  const { status, stderr } = await tryInside(account(), { cwd }, ['-w', '/no/such/place'], 'true');
  assert.equal(status, 125);
  assert.match(stderr, /\/no\/such\/place/);
  assert.match(stderr, /ENOENT/);
});

test('a program in the workspace can be executed, a set-uid bit on it has no effect', ordinary, async (t) => {
  const cwd = workspace(t);
  const script =
    'cp /usr/bin/id ./own-id && chmod 4755 own-id && ./own-id -u; grep " $PWD " /proc/self/mountinfo | grep -c nosuid,nodev';
  assert.equal(await inside(account(), { cwd }, [], script), `${account().uid}\n1`);
  assert.ok(existsSync(`${cwd}/own-id`));
});
