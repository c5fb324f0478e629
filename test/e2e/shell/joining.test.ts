import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { hold } from '../support/held.ts';
import { account, bare, ordinary } from '../support/inside.ts';

const KINDS = 'cd /proc/self/ns && readlink user mnt pid ipc uts cgroup net';

function named(t: TestContext, kind: 'subordinate' | 'bare' = 'subordinate'): string {
  const name = `joined-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  t.after(async () => await sandbox(account(kind), ['rm', '--force', name]));
  return name;
}

for (const [kind, options, words] of [
  ['subordinate', ordinary, []],
  ['subordinate', ordinary, ['-u', 'root', '--network', 'none']],
  ['bare', bare, ['-u', 'root']],
] as const) {
  test(
    `a second shell joins the first (${kind} account${words.map((word) => ` ${word}`).join('')})`,
    options,
    async (t) => {
      const user = account(kind);
      const cwd = workDirectory(t, user);
      const name = named(t, kind);
      const first = await hold(t, user, { cwd }, ['shell', '--name', name, ...words]);
      await first.tell('echo of-first > /tmp/file; sleep 1000 & echo $! > /tmp/pid');
      const join = async (script: string, more: readonly string[] = []) => {
        const argv = ['shell', '--name', name, ...words, ...more, '--', 'sh', '-c', script];
        const { status, stdout, stderr } = await sandbox(user, argv, { cwd });
        assert.equal(status, 0, stderr);
        return stdout.trimEnd();
      };
      assert.equal(await join(KINDS), await first.tell(`(${KINDS})`));
      assert.equal(
        await join('cat /tmp/file; kill $(cat /tmp/pid) && echo killed; echo of-second > /tmp/file'),
        'of-first\nkilled',
      );
      assert.equal(await first.tell('cat /tmp/file'), 'of-second');
      assert.equal(
        await join('id -u; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status'),
        await first.tell('id -u; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status'),
      );
      assert.equal(
        await join('pwd; echo $VAR; ls /proc/self/fd | tr "\\n" " "', ['-w', '/usr', '-e', 'VAR=own']),
        '/usr\nown\n0 1 2 3',
      );
      assert.equal(
        (await sandbox(user, ['shell', '--name', name, ...words, '--', 'sh', '-c', 'exit 33'], { cwd })).status,
        33,
      );
      assert.equal(
        (await sandbox(user, ['shell', '--name', name, ...words, '--', 'no-such-command'], { cwd })).status,
        127,
      );
      assert.equal(await first.end(), 0);
    },
  );
}

test('the first may end before the second; when the last is gone the name is opened anew', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t);
  const first = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  const second = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  await first.tell('echo kept > /opt/f; echo gone > /tmp/f');
  assert.equal(await first.end(), 0);
  assert.equal(await second.tell('cat /opt/f /tmp/f'), 'kept\ngone');
  assert.equal(await second.end(), 0);
  const { stdout } = await sandbox(account(), ['shell', '--name', name, '--', 'sh', '-c', 'cat /opt/f; ls /tmp'], {
    cwd,
  });
  assert.equal(stdout, 'kept\n');
});

test('what is joined ends alone and leaves the first as it is', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t);
  const first = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  const second = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  assert.equal(await second.tell('echo $PPID'), '0');
  second.process.kill('SIGTERM');
  assert.equal(await second.ended, 143);
  assert.equal(await first.tell('echo still here'), 'still here');
  assert.equal(await first.end(), 0);
});

test('a program that was joined in does not see the processes of the host, nor its files', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = named(t);
  const first = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  const { stdout } = await sandbox(
    account(),
    [
      'shell',
      name,
      '--',
      'sh',
      '-c',
      `ls -d /proc/[0-9]* | wc -l; ls -A "$HOME"; readlink /proc/self/root /proc/self/cwd`,
    ],
    { cwd },
  );
  const [count, ...rest] = stdout.trimEnd().split('\n');
  assert.ok(Number(count) <= 6, count);
  assert.deepEqual(rest, [cwd.split('/').at(-1), '/', cwd]);
  assert.equal(await first.end(), 0);
});
