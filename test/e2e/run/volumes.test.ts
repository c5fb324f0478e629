import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary, tryInside } from '../support/inside.ts';

/** A directory of the host with a file and a directory in it, outside of the workspace. */
function source(t: Parameters<typeof workDirectory>[0]): string {
  const path = workDirectory(t, account());
  mkdirSync(`${path}/inner`);
  writeFileSync(`${path}/file`, 'host\n');
  for (const name of ['inner', 'file']) chownSync(`${path}/${name}`, account().uid, account().gid);
  return path;
}

test('a directory is shown and written to, where nothing was before', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  for (const destination of [
    '/data',
    '/srv/a/b/c',
    '/usr/share/data',
    '/etc/data',
    '/tmp/data',
    '/run/x/y',
    `${account().home}/data`,
  ]) {
    const seen = await inside(
      account(),
      { cwd },
      ['-v', `${src}:${destination}`],
      `cd ${destination} && cat file && echo x > made`,
    );
    assert.equal(seen, 'host');
    assert.equal(readFileSync(`${src}/made`, 'utf8'), 'x\n');
    assert.ok(!existsSync('/data') && !existsSync('/srv/a'));
  }
});

test('over an existing directory only the volume is seen', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  assert.equal(await inside(account(), { cwd }, ['-v', `${src}:/usr/share/doc`], 'ls /usr/share/doc'), 'file\ninner');
});

test('a single file, over one that is there and where none was', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  const words = ['-v', `${src}/file:/etc/motd`, '--volume', `${src}/file:/opt/new/place/file`];
  const seen = await inside(account(), { cwd }, words, 'cat /etc/motd /opt/new/place/file; echo more >> /etc/motd');
  assert.equal(seen, 'host\nhost');
  assert.equal(readFileSync(`${src}/file`, 'utf8'), 'host\nmore\n');
});

test(':ro refuses writes, and only in that volume', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  const words = ['-v', `${src}:/ro:ro`, '-v', `${src}:/rw:rw`, '-v', `${src}/file:/file:ro`];
  const { stdout, stderr } = await tryInside(
    account(),
    { cwd },
    words,
    'echo x > /ro/new; echo x >> /file; echo x > /rw/new && cat /ro/new',
  );
  assert.equal(stdout, 'x\n');
  assert.equal(stderr.match(/Read-only file system/g)?.length, 2, stderr);
});

test('volumes in volumes, in whatever order they are given', ordinary, async (t) => {
  const [cwd, outer, inner] = [workDirectory(t, account()), source(t), source(t)];
  writeFileSync(`${inner}/of-inner`, '');
  const [first, second] = [`${outer}:/v:ro`, `${inner}:/v/inner`];
  for (const words of [
    ['-v', first, '-v', second],
    ['-v', second, '-v', first],
  ]) {
    const script = 'ls /v/inner; touch /v/inner/new && ! touch /v/new 2>/dev/null && rm /v/inner/new && echo ok';
    assert.equal(await inside(account(), { cwd }, words, script), 'file\ninner\nof-inner\nok');
  }
});

test('a volume in the workspace is seen there, and the workspace in a volume', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  for (const path of [`${cwd}/vendor`, `${src}/${cwd.split('/').at(-1)}`]) mkdirSync(path);
  const words = ['--workspace', 'ro', '-v', `${src}:${cwd}/vendor`];
  assert.equal(await inside(account(), { cwd }, words, 'cat vendor/file; touch vendor/new'), 'host');
  assert.equal(await inside(account(), { cwd }, ['-v', `${src}:${account().home}`], 'cat ../file; ls'), 'host\nvendor');
});

test('a source may be relative, and a symbolic link is followed where it leads on the host', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  symlinkSync(src, `${cwd}/link`);
  mkdirSync(`${cwd}/sub`);
  writeFileSync(`${cwd}/sub/here`, '');
  const words = ['-v', './link:/a', '-v', './sub:/b', '-v', '.:/c'];
  assert.equal(
    await inside(account(), { cwd }, words, 'cat /a/file; ls /b /c/sub'),
    'host\n/b:\nhere\n\n/c/sub:\nhere',
  );
});

test('a source that is not there is refused, not made', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { status, stderr } = await sandbox(account(), ['run', '-v', './missing:/x', '--', 'true'], { cwd });
  assert.equal(status, 125);
  assert.match(stderr, /--volume: "\.\/missing" cannot be used: .*ENOENT/);
  assert.deepEqual(readdirSync(cwd), []);
});

test('set-user-ID and device files of a volume have no effect', ordinary, async (t) => {
  const [cwd, src] = [workDirectory(t, account()), source(t)];
  const seen = await inside(
    account(),
    { cwd },
    ['-v', `${src}:/v`],
    "grep ' /v ' /proc/self/mountinfo | cut -d' ' -f6",
  );
  assert.match(seen, /^rw,nosuid,nodev\b/);
});

test('--tmpfs: empty, of its size and mode, gone afterwards', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const words = ['--tmpfs', '/mem:size=1m,mode=750', '--tmpfs', '/usr/share/doc', '--tmpfs', '/etc/x/y'];
  const script = `
    stat -f -c %T /mem /usr/share/doc /etc/x/y; stat -c %a /mem /usr/share/doc; ls -A /usr/share/doc
    head -c 900k /dev/zero > /mem/a && echo fits; head -c 900k /dev/zero 2>/dev/null > /mem/b || echo full
    stat -c %u /mem; df -B1 --output=size /mem | tail -n 1 | tr -d ' '`;
  const { uid } = account();
  assert.equal(
    await inside(account(), { cwd }, words, script),
    `tmpfs\ntmpfs\ntmpfs\n750\n1777\nfits\nfull\n${uid}\n1048576`,
  );
  const { status, stderr } = await sandbox(account(), ['run', '--tmpfs', '/x:sise=1m', '--', 'true'], { cwd });
  assert.equal(status, 125);
  assert.match(stderr, /did you mean size=\?/);
});

test('where no place for it can be made, the reason is told', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const words = ['run', '--workspace', 'ro', '--tmpfs', `${cwd}/a/b`, '--', 'true'];
  const { status, stderr } = await sandbox(account(), words, { cwd });
  assert.equal(status, 125);
  assert.match(stderr, /cannot make .*\/a\/b: .*read-only.*EROFS.*\n.*hint: make the directory on the host/);
});
