import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { needs } from '../../packages.ts';
import { type Result, sandbox, workDirectory } from '../../support/user.ts';
import { busyboxRoot } from '../support/busybox-root.ts';
import { account, ordinary } from '../support/inside.ts';

/** A name that no other test has, removed with its sandbox after the test. */
function named(t: TestContext, stem: string): string {
  const name = `${stem}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  t.after(async () => await sandbox(account(), ['rm', '--force', name]));
  return name;
}

async function shell(cwd: string, words: readonly string[], script: string): Promise<Result> {
  return await sandbox(account(), ['shell', ...words, '--', 'sh', '-c', script], { cwd });
}

async function says(cwd: string, words: readonly string[], script: string): Promise<string> {
  const { status, stdout, stderr } = await shell(cwd, words, script);
  assert.equal(status, 0, stderr);
  return stdout.replace(/\n$/, '');
}

test('a sandbox with a name keeps what was made, changed and removed in it', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t, 'kept');
  const first = `set -e; mkdir -p /opt/tool/bin; echo tool > /opt/tool/bin/tool; echo 'x:x:7:7::/:' >> /etc/passwd; rm /usr/bin/env
    rm -r /usr/share/man; echo mine > "$HOME/.notes"; echo t > /tmp/t; echo v > /var/tmp/v; exit 4`;
  assert.equal((await shell(cwd, ['--name', name], first)).status, 4);
  const second = `cat /opt/tool/bin/tool; tail -n 1 /etc/passwd; test -e /usr/bin/env || echo no env; test -e /usr/share/man || echo no man
    cat "$HOME/.notes"; ls /tmp; cat /var/tmp/v`;
  assert.equal(await says(cwd, ['--name', name], second), 'tool\nx:x:7:7::/:\nno env\nno man\nmine\nv');
  assert.equal(
    await says(cwd, ['--name', name], 'echo more >> /opt/tool/bin/tool; cat /opt/tool/bin/tool'),
    'tool\nmore',
  );
  assert.ok(existsSync('/usr/bin/env') && !existsSync('/opt/tool'));
});

test('names are apart from each other, and from run', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const [one, two] = [named(t, 'one'), named(t, 'two')];
  await says(cwd, ['--name', one], 'echo one > /opt/who');
  assert.equal(await says(cwd, ['--name', two], 'cat /opt/who 2>/dev/null || echo nobody'), 'nobody');
  assert.equal((await sandbox(account(), ['run', '--', 'test', '-e', '/opt/who'], { cwd })).status, 1);
  assert.equal(await says(cwd, ['--name', one], 'cat /opt/who'), 'one');
});

test('the name is the host name, and the current directory of each time the workspace', ordinary, async (t) => {
  const [first, second] = [workDirectory(t, account()), workDirectory(t, account())];
  const name = named(t, 'web.site_1');
  const hostName = name.replaceAll('_', '-');
  assert.equal(await says(first, ['--name', name], 'uname -n; pwd; echo x > made'), `${hostName}\n${first}`);
  assert.equal(
    await says(second, ['--name', name], `uname -n; pwd; test -e ${first}/made || echo elsewhere`),
    `${hostName}\n${second}\nelsewhere`,
  );
  assert.deepEqual(readdirSync(first), ['made']);
});

test('options are those of each time: user, network, variables, a read-only root', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t, 'options');
  assert.equal(
    await says(
      cwd,
      ['--name', name, '-u', 'root', '-e', 'A=1'],
      'id -u; echo $A; echo by root > /opt/f; chown 5:5 /opt/f',
    ),
    '0\n1',
  );
  assert.equal(
    await says(
      cwd,
      ['--name', name, '--network', 'none'],
      'id -u; ls /sys/class/net; cat /opt/f; printenv A || echo unset',
    ),
    `${account().uid}\nlo\nby root\nunset`,
  );
  assert.equal((await shell(cwd, ['--name', name, '--read-only'], 'echo x > /opt/g')).status, 2);
  assert.equal(
    await says(cwd, ['--name', name, '-u', '0'], 'stat -c %u /opt/f; ls /opt/g 2>/dev/null || echo none'),
    '5\nnone',
  );
});

test('a workspace that is copied on write keeps its changes in the sandbox', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t, 'cow');
  await says(cwd, ['--name', name, '--workspace', 'cow'], 'echo x > made');
  assert.equal(await says(cwd, ['--name', name, '--workspace', 'cow'], 'cat made'), 'x');
  assert.deepEqual(readdirSync(cwd), []);
});

test('without a name it is the one called default; --rm forgets it', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const remove = async () => await sandbox(account(), ['rm', '--force', 'default']);
  await remove();
  t.after(remove);
  await says(cwd, [], 'echo kept > /opt/f');
  for (const words of [['default'], ['host'], []])
    assert.equal(await says(cwd, words, 'cat /opt/f; uname -n'), 'kept\ndefault');
  assert.equal(await says(cwd, ['--rm'], 'cat /opt/f 2>/dev/null || echo fresh; uname -n'), 'fresh\nsandbox');
  assert.equal((await shell(cwd, ['--rm', 'default'], 'true')).status, 125);
});

test('without a command the login shell runs, and reads its input', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t, 'login');
  const { stdout, status } = await sandbox(account(), ['shell', '--name', name], {
    cwd,
    input: 'echo $BASH_VERSION | cut -c1; pwd\nexit 9\n',
  });
  assert.match(stdout, /^\d\n/);
  assert.deepEqual([stdout.slice(2), status], [`${cwd}\n`, 9]);
});

test('it stays with the root file system it was made on', {
  skip: ordinary.skip || needs('/bin/busybox'),
}, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const [onRoot, onHost] = [named(t, 'on-root'), named(t, 'on-host')];
  assert.equal(await says(cwd, ['--name', onRoot, '--rootfs', root], 'echo x > /opt/f; chown 9 /opt/f; id -u'), '0');
  for (const words of [
    ['--name', onRoot, '--rootfs', root],
    [onRoot, '--rootfs', root],
    ['--name', onRoot],
    [onRoot],
  ]) {
    assert.equal(await says(cwd, words, 'stat -c %u /opt/f'), '9');
  }
  await says(cwd, ['--name', onHost], ':');
  for (const words of [
    ['host', '--name', onRoot],
    [onHost, '--rootfs', root],
  ]) {
    const { status, stderr } = await shell(cwd, words, 'true');
    assert.equal(status, 125);
    assert.match(stderr, /was made on .*\n.*sandbox rm /);
  }
});

test('a name that would be no file name is refused', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  for (const name of ['..', '.hidden', 'a/b', 'a b', '', 'x'.repeat(64), '-x']) {
    const { status, stderr } = await sandbox(account(), ['shell', '--network=none', '--name', name, '--', 'true'], {
      cwd,
    });
    assert.equal(status, 125, name);
    assert.match(stderr, /^sandbox: /);
  }
  assert.ok(!existsSync(`${account().home}/.local/share/sandbox/b`));
});
