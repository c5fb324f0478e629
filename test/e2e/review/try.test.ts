import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { needs } from '../../packages.ts';
import { needsAccount, type Result, runAs } from '../../support/user.ts';
import { at, type Place, place } from '../faults/support/place.ts';
import { busyboxRoot } from '../support/busybox-root.ts';

type Kind = 'subordinate' | 'bare';
const KINDS: readonly Kind[] = ['subordinate', 'bare'];
const skip = (kind: Kind) => ({ skip: needsAccount(kind) || needs('busybox', 'python3') });

/** The account's shell on the host, in the workspace. */
async function outside(where: Place, script: string): Promise<string> {
  const { status, stdout, stderr } = await runAs(where.user, ['bash', '-c', script], { cwd: where.cwd });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Everything of the current directory but owners: type, mode, links, time, target, content. */
const LISTING = `python3 - <<'END'
import hashlib, os, stat
def show(directory):
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        about = os.lstat(path)
        kind = stat.S_IFMT(about.st_mode)
        line = [path, oct(about.st_mode), kind == stat.S_IFDIR or about.st_nlink]
        # Times of directories that were there before are the host's own.
        if kind != stat.S_IFDIR: line.append(about.st_mtime_ns)
        if kind == stat.S_IFREG: line.append(hashlib.sha256(open(path, 'rb').read()).hexdigest())
        if kind == stat.S_IFLNK: line.append(os.readlink(path))
        print(line)
        if kind == stat.S_IFDIR: show(path)
show(b'.')
END`;

async function trial(t: TestContext, where: Place, words: readonly string[], script: string) {
  const name = `trial-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
  const result = await at(where, ['try', '--name', name, ...words, '--', 'sh', '-c', script]);
  t.after(async () => {
    await at(where, ['rm', '-f', name], { cwd: '/' });
  });
  return { name, ...result };
}

const jsonOf = ({ stdout, stderr }: Result): Array<{ path: string; change: string; aspects: string[] }> => {
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
};

/** What an editor, a build and a careless script do to a workspace. */
const BEFORE = `
mkdir -p src/deep/er old/sub keep; echo a > src/a; echo b > src/deep/er/b; echo c > old/c; echo d > old/sub/d; echo k > keep/k
ln -s a src/link; echo 1 > to-dir; mkdir to-file; echo 2 > to-file/x; ln -s keep link-to-dir; echo l > l1
head -c 3000000 /dev/zero | tr '\\0' x > big; printf 'text\\n%.0s' 1 2 3 4 5 6 7 8 > text; touch -d 2001-02-03 text`;
const WORK = `
set -e
mv src/deep src/moved; rm -rf old; mkdir -p old/new; echo n > old/new/n; rm to-dir; mkdir to-dir; echo i > to-dir/i
rm -r to-file; echo f > to-file; rm link-to-dir; mkdir link-to-dir; echo x > link-to-dir/x; ln src/a src/hard; ln src/a hard2
ln -s /etc/passwd abs; ln -sf gone src/link; chmod 700 keep; chmod 600 keep/k; mkdir empty; mkdir -m 555 closed
printf x > 'line
break'; printf y > "$(printf '\\377\\376')"; printf z > -n; printf w > ' '; mkfifo pipe
echo more >> text; echo more >> big; echo m >> l1; touch -d 2002-03-04 new-old; dd if=/dev/zero of=sparse bs=1 count=1 seek=5000000 2>/dev/null
d=deep; for i in 1 2 3 4 5 6 7 8 9 10; do d=$d/$i$i$i$i$i$i$i$i; mkdir -p $d; echo $i > $d/f; done`;

for (const kind of KINDS) {
  describe(`try, as an account ${kind === 'bare' ? 'without' : 'with'} subordinate ids`, skip(kind), () => {
    test('the host has after `apply` just what the command saw at its end', async (t) => {
      const where = place(t, 'review', kind);
      await outside(where, BEFORE);
      const before = await outside(where, LISTING);
      const { status, stdout, stderr, name } = await trial(t, where, [], `${WORK}\n${LISTING}\nexit 7`);
      assert.equal(status, 7, stderr);
      assert.match(stderr, /Changed in trial-/);
      assert.match(stderr, new RegExp(`kept as ${name}\\n.*sandbox apply ${name}`));
      assert.equal(await outside(where, LISTING), before, 'nothing was changed on the host');
      const applied = await at(where, ['apply', name]);
      assert.equal(applied.status, 0, applied.stderr);
      assert.equal(await outside(where, LISTING), stdout);
      assert.match(applied.stderr, /nothing is left/);
    });

    test('on another root file system too, whose own changes stay in the sandbox', async (t) => {
      const where = place(t, 'review', kind);
      await outside(where, BEFORE);
      const root = busyboxRoot(t, where.user);
      const script = `rm -r old; mkdir old; echo n > old/n; echo x > /etc/x; mkdir -m 700 p; echo s > p/s; chmod 600 p/s${kind === 'bare' ? '' : '; chown -R 33:33 p'}`;
      const { name, status, stderr } = await trial(t, where, ['--rootfs', root], script);
      assert.equal(status, 0, stderr);
      const changes = jsonOf(await at(where, ['diff', '--json', name]));
      assert.deepEqual(changes.map(({ change, path }) => `${change} ${path}`).sort(), [
        'added /etc/x',
        'added old/n',
        'added p',
        'added p/s',
        'deleted old/c',
        'deleted old/sub',
      ]);
      const applied = await at(where, ['apply', name]);
      assert.equal(applied.status, 1);
      assert.match(applied.stderr, /\/etc\/x: it belongs to the root file system of the sandbox/);
      assert.equal(
        await outside(where, 'ls old; stat -c %U:%a p p/s; cat p/s'),
        `n\n${where.user.name}:700\n${where.user.name}:600\ns\n`,
      );
    });

    test('nothing changed: one line, and nothing is left of it', async (t) => {
      const where = place(t, 'review', kind);
      const { status, stderr, name } = await trial(t, where, [], 'exit 3');
      assert.deepEqual([status, stderr], [3, 'sandbox: nothing was changed\n']);
      assert.equal(existsSync(`${where.store}/sandboxes/${name}`), false);
    });
  });
}

describe('review', skip('subordinate'), () => {
  test('a storage driver that keeps no list of changes is refused before anything runs', async (t) => {
    const where = place(t, 'review');
    const root = busyboxRoot(t, where.user);
    const words = ['--rootfs', root, '--storage-driver', 'copy', '--workspace', 'rw'];
    const { status, stderr, name } = await trial(t, where, words, 'echo ran > ran');
    assert.equal(status, 125);
    assert.match(stderr, /the storage driver copy keeps no list of changes/);
    assert.deepEqual([existsSync(`${where.cwd}/ran`), existsSync(`${where.store}/sandboxes/${name}`)], [false, false]);
  });

  test('the command is closely held: no network, and on the host nothing changes', async (t) => {
    const where = place(t, 'review');
    await outside(where, 'echo 1 > a');
    const script = 'cat /proc/net/dev | tail -n +3 | wc -l; grep -c NoNewPrivs:.1 /proc/self/status; echo 2 > a';
    const { stdout, name } = await trial(t, where, [], script);
    assert.equal(stdout, '1\n1\n');
    assert.equal(readFileSync(`${where.cwd}/a`, 'utf8'), '1\n');
    const { stdout: patch } = await at(where, ['diff', '-p', name]);
    assert.equal(patch, 'diff --sandbox a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n');
    assert.match((await at(where, ['diff', '--stat', name])).stdout, /a \| \+1 -1\n 1 file changed/);
  });

  test('on `host` changes of the system go to the same place, or are told where that may not be written to', async (t) => {
    const where = place(t, 'review');
    // A directory of the user's in the system: only root can make one.
    const own = `/opt/of-the-user-${process.pid}`;
    const hasOwn = process.getuid?.() === 0;
    if (hasOwn) {
      mkdirSync(own);
      chownSync(own, where.user.uid, where.user.gid);
      t.after(() => rmSync(own, { recursive: true }));
    }
    const { name } = await trial(t, where, [], `echo x > /opt/by-try; ${hasOwn ? `echo y > ${own}/f` : ''}`);
    const { status, stderr } = await at(where, ['apply', name]);
    assert.equal(status, 1);
    assert.match(stderr, /\/opt\/by-try: you may not write there \(EACCES\)/);
    if (hasOwn) assert.equal(readFileSync(`${own}/f`, 'utf8'), 'y\n');
    assert.equal(existsSync('/opt/by-try'), false);
    assert.deepEqual(
      jsonOf(await at(where, ['diff', '--json', name])).map(({ path }) => path),
      ['/opt/by-try'],
    );
  });

  test('conflicts are listed and nothing is applied; some can be chosen, or all forced', async (t) => {
    const where = place(t, 'review');
    await outside(where, 'echo 1 > a; echo 1 > b; mkdir d; echo 1 > d/x; sleep 0.05');
    const { name } = await trial(t, where, [], 'echo 2 > a; echo 2 > b; rm -r d');
    await outside(where, 'echo host > a; echo host > d/y');
    const refused = await at(where, ['apply', name]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /nothing was applied[\s\S]* {2}a: it was changed on the host since\n {2}d: it was/);
    assert.equal(await outside(where, 'cat a b d/x d/y'), 'host\n1\n1\nhost\n');
    assert.equal((await at(where, ['apply', name, 'b'])).status, 0);
    assert.equal((await at(where, ['discard', name, 'd'])).status, 0);
    assert.equal((await at(where, ['apply', '--force', name])).status, 0);
    assert.equal(await outside(where, 'cat a b d/x d/y'), '2\n2\n1\nhost\n');
    assert.equal(existsSync(`${where.store}/sandboxes/${name}`), false, 'nothing is left to be reviewed');
  });

  test('a kept sandbox is opened again with its own workspace, from anywhere', async (t) => {
    const where = place(t, 'review');
    const { name } = await trial(t, where, [], 'echo 2 > a');
    const again = await at(where, ['shell', name, '--', 'sh', '-c', `cat ${where.cwd}/a; echo 3 > ${where.cwd}/b`], {
      cwd: '/',
    });
    assert.deepEqual([again.status, again.stdout], [0, '2\n'], again.stderr);
    const other = await at(where, ['shell', '--workspace', 'rw', name, '--', 'true']);
    assert.equal(other.status, 125);
    assert.match(other.stderr, /was made with --workspace cow on/);
    assert.deepEqual(
      jsonOf(await at(where, ['diff', '--json', name])).map(({ path }) => path),
      ['a', 'b'],
    );
  });

  test('while it runs nothing is applied', async (t) => {
    const where = place(t, 'review');
    const { name } = await trial(t, where, [], 'echo 2 > a');
    const open = at(where, ['shell', name, '--', 'sh', '-c', 'touch running; until [ -e end ]; do sleep 0.05; done']);
    const running = `${where.store}/sandboxes/${name}/upper-workspace/running`;
    while (!existsSync(running)) await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = await at(where, ['apply', name]);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /is running/);
    await at(where, ['shell', name, '--', 'touch', `${where.cwd}/end`]);
    await open;
    assert.equal((await at(where, ['apply', name, 'a'])).status, 0);
  });

  test('a name that is none, and a path that no change has', async (t) => {
    const where = place(t, 'review');
    const none = await at(where, ['diff', 'no-such-sandbox']);
    assert.match(none.stderr, /there is no kept sandbox no-such-sandbox/);
    const { name } = await trial(t, where, [], 'echo 2 > a');
    const path = await at(where, ['apply', name, 'b']);
    assert.deepEqual([path.status, /no change has the path "b"/.test(path.stderr)], [125, true]);
  });
});
