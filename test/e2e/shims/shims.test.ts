import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { environmentOf, needsAccount, resultOf, runAs, sandbox, testUser } from '../../support/user.ts';
import { runsOf, shimProject } from './project.ts';

const HOST = 'image = "host"\n';
const isRoot = process.getuid?.() === 0;

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`a shim of a user ${kind === 'bare' ? 'without' : 'with'} subordinate ids`, {
    skip: needsAccount(kind),
  }, () => {
    test('passes arguments, directory, variables and status through', async (t) => {
      const user = testUser(kind);
      const { path, shim } = await shimProject(t, user, HOST, ['sh', 'true', 'false', 'env', 'pwd']);
      assert.equal((await runAs(user, [shim('true')])).status, 0);
      assert.equal((await runAs(user, [shim('false')])).status, 1);
      const words = ['', 'two words', 'li\nne', '--', "it's", '"', '\\', 'ä'];
      const shown = await runAs(user, [shim('sh'), '-c', 'printf "<%s>" "$0" "$@"; exit 37', 'zero', ...words]);
      assert.equal(shown.stdout, `<zero>${words.map((word) => `<${word}>`).join('')}`);
      assert.equal(shown.status, 37);
      const many = Array.from({ length: 1000 }, (_, index) => `argument ${index}`);
      const counted = await runAs(user, [shim('sh'), '-c', `echo $# "\${1000}"`, 'x', ...many]);
      assert.equal(counted.stdout, '1000 argument 999\n');
      assert.equal((await runAs(user, [shim('pwd')], { cwd: `${path}/sub` })).stdout, `${path}/sub\n`);
      assert.equal((await runAs(user, [shim('pwd')], { cwd: '/etc' })).stdout, `${path}\n`, 'outside: the project');
      const { stdout } = await runAs(user, [shim('env')], { env: { TERM: 'vt100', LC_TIME: 'C', SECRET_KEY: 'x' } });
      assert.match(stdout, /^TERM=vt100$/m);
      assert.match(stdout, /^LC_TIME=C$/m);
      assert.match(stdout, /^container=sandbox$/m);
      assert.doesNotMatch(stdout, /SECRET_KEY/);
    });

    test('is a sandbox: gone with its command, whatever that wrote, and its exit is a signal’s where one ended it', async (t) => {
      const user = testUser(kind);
      const { shim } = await shimProject(t, user, HOST, ['sh']);
      const result = await runAs(user, [
        shim('sh'),
        '-c',
        'echo here > /usr/local/made && cat /usr/local/made; kill -9 $$',
      ]);
      assert.equal(result.stdout, 'here\n');
      assert.equal(result.status, 137);
      assert.equal(existsSync('/usr/local/made'), false);
      for (let tries = 0; runsOf(user).length > 0 && tries < 100; tries++)
        await new Promise((go) => void setTimeout(go, 50));
      assert.deepEqual(runsOf(user), []);
    });

    test('passes streams through: megabytes, a closed input, and bytes as they are', async (t) => {
      const user = testUser(kind);
      const { shim } = await shimProject(t, user, HOST, ['sha256sum', 'cat', 'sh']);
      const large = Buffer.alloc(20_000_000, 'abcdefghij\0\xff', 'latin1');
      const { stdout } = await runAs(user, [shim('sha256sum')], { input: large });
      assert.equal(stdout.split(' ')[0], createHash('sha256').update(large).digest('hex'));
      assert.equal((await runAs(user, ['sh', '-c', '"$0" <&-; echo $?', shim('cat')])).stdout, '0\n');
      const piped = await runAs(user, ['sh', '-c', 'yes | "$0" | head -n 2; "$0" </dev/null | wc -c', shim('cat')]);
      assert.equal(piped.stdout, 'y\ny\n0\n');
      const bytes = await runAs(user, [
        'sh',
        '-c',
        '"$0" -c \'printf %s "$1" | od -An -tx1\' x "$(printf "\\377\\376")"',
        shim('sh'),
      ]);
      assert.match(bytes.stdout, /ff fe/);
    });

    test('ends by the signals that it gets', async (t) => {
      const user = testUser(kind);
      const { shim } = await shimProject(t, user, HOST, ['sh']);
      for (const [signal, status] of [
        ['SIGTERM', 41],
        ['SIGINT', 42],
        ['SIGHUP', 43],
      ] as const) {
        const traps =
          'trap "exit 41" TERM; trap "exit 42" INT; trap "exit 43" HUP; echo ready; while :; do sleep 0.05; done';
        const child = spawn(shim('sh'), ['-c', traps], {
          env: environmentOf(user),
          ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
        });
        child.stdout.once('data', () => child.kill(signal));
        assert.equal((await resultOf(child)).status, status, signal);
      }
    });
  });
}

describe('a shim', () => {
  const user = testUser();

  test('of a program that is missing, or cannot be executed, ends as env(1) does', async (t) => {
    const made = await sandboxProject(t);
    const { status, stderr } = await runAs(user, [made.shim('no-such-program')]);
    assert.equal(status, 127);
    assert.match(stderr, /no-such-program: command not found/);
  });

  async function sandboxProject(t: Parameters<typeof shimProject>[0]) {
    const made = await shimProject(t, user, HOST, []);
    const { status, stderr } = await sandbox(user, ['shim', 'no-such-program'], { cwd: made.path });
    assert.equal(status, 0);
    assert.match(stderr, /no-such-program: the environment default has no such program on PATH/);
    return made;
  }

  test('stays as it is where files look different and say the same, and no word is said', async (t) => {
    const { path, shim } = await shimProject(t, user, HOST, ['true', 'cat']);
    const before = statSync(shim('true')).ino;
    utimesSync(`${path}/sandbox.toml`, 1000, 1000);
    assert.deepEqual(await runAs(user, [shim('true')]), { status: 0, signal: null, stdout: '', stderr: '' });
    assert.notEqual(statSync(shim('true')).ino, before, 'made anew');
    const { stdout, stderr } = await runAs(user, [shim('cat'), '-'], { input: 'passed' });
    assert.deepEqual([stdout, stderr], ['passed', '']);
  });

  test('says that it is stale, and how to refresh it', async (t) => {
    const { path, write, shim } = await shimProject(t, user, HOST, ['true']);
    write('sandbox.toml', `${HOST}description = "another"\n`);
    const stale = await runAs(user, [shim('true')]);
    assert.equal(stale.status, 125);
    assert.match(stale.stderr, /the shim true is stale: sandbox\.toml has changed since it was made/);
    assert.match(stale.stderr, /refresh: sandbox shim true/);
    write('sandbox.local.toml', '');
    assert.match((await runAs(user, [shim('true')])).stderr, /stale/);
    assert.equal((await sandbox(user, ['shim', '-q', 'true'], { cwd: path })).status, 0);
    assert.equal((await runAs(user, [shim('true')])).status, 0);
    rmSync(`${path}/sandbox.toml`);
    assert.equal((await runAs(user, [shim('true')])).status, 125);
  });

  test('refreshes itself where it is told to', async (t) => {
    const toml = `${HOST}shim-refresh = "automatic"\n`;
    const { write, shim } = await shimProject(t, user, toml, ['sh']);
    write('sandbox.toml', `${toml}[env]\nCOLOUR = "blue"\n`);
    const first = await runAs(user, [shim('sh'), '-c', 'echo $COLOUR']);
    assert.equal(first.stdout, 'blue\n', first.stderr);
    assert.match(first.stderr, /sandbox\.toml has changed/);
    assert.deepEqual(await runAs(user, [shim('sh'), '-c', 'echo $COLOUR']), {
      status: 0,
      signal: null,
      stdout: 'blue\n',
      stderr: '',
    });
  });

  test('takes variables of the caller that sandbox.toml passes, over its own', async (t) => {
    const { path, shim } = await shimProject(t, user, HOST, []);
    assert.ok(path);
    const toml = `${HOST}pass-env = ["CI", "TERM"]\n[env]\nCI = "no"\nOWN = "1"\n`;
    const other = await shimProject(t, user, toml, ['sh']);
    const shown = async (env: Record<string, string>) =>
      (await runAs(user, [other.shim('sh'), '-c', 'echo "$CI $OWN"'], { env })).stdout;
    assert.equal(await shown({}), 'no 1\n');
    assert.equal(await shown({ CI: 'yes', OWN: '2' }), 'yes 1\n');
    assert.ok(shim('sh'));
  });

  test('starts the program by way of sandbox where there are limits or secrets', async (t) => {
    const { shim, write, path } = await shimProject(t, user, HOST, []);
    write('key.txt', 'hush');
    write('sandbox.toml', `${HOST}secrets = ["key=./key.txt"]\n`);
    await sandbox(user, ['trust'], { cwd: path });
    const made = await sandbox(user, ['shim', '-q', 'cat'], { cwd: path });
    assert.equal(made.status, 0, made.stderr);
    const { stdout, stderr } = await runAs(user, [shim('cat'), '/run/secrets/key'], { cwd: path });
    assert.equal(stdout, 'hush', stderr);
    assert.equal(readFileSync(shim('cat')).includes('hush'), false, 'no secret is in the file');
  });

  test('works with a profile that has a session of its own, with and without a terminal', async (t) => {
    const { shim, path } = await shimProject(t, user, `${HOST}profile = "strict"\nworkspace = "ro"\n`, ['sh']);
    assert.equal((await runAs(user, [shim('sh'), '-c', 'echo through | cat'])).stdout, 'through\n');
    const terminal = await Terminal.open(t, user, [shim('sh'), '-c', 'tty; echo $((40+2))'], { cwd: path });
    await terminal.see(/\/dev\/(pts\/0|console)/);
    await terminal.see(/42/);
    assert.equal(await terminal.end(), 0);
  });

  test('is stopped by Ctrl-Z, goes on with fg, and ends by Ctrl-C', async (t) => {
    const { path, shim } = await shimProject(t, user, HOST, ['sh', 'sleep']);
    const terminal = await Terminal.open(t, user, ['bash', '--norc', '-i'], { cwd: path });
    terminal.type(`${shim('sh')} -c 'echo "run"ning; while :; do sleep 0.1; echo "ti"ck; done'\r`);
    await terminal.see(/running/);
    terminal.type('\x1a');
    await terminal.see(/Stopped/);
    terminal.type('fg\r');
    await terminal.see(/tick/);
    terminal.type('\x03');
    // A key that comes while bash takes the terminal back may be lost: it is typed until it is there.
    const again = setInterval(() => terminal.type(' \recho "status="$?\r'), 1000);
    t.after(() => clearInterval(again));
    await terminal.see(/status=130/);
    clearInterval(again);
  });

  test('joins the sandbox of the environment while that runs, and makes its own after it', async (t) => {
    const { path, shim } = await shimProject(t, user, HOST, ['sh', 'cat']);
    const records = `${user.home}/.local/share/sandbox/projects`;
    const id =
      lstatSync(shim('sh')) &&
      (await runAs(user, ['grep', '-lx', '-r', '--include=path', path, records])).stdout.split('/').at(-2);
    const { ready } = JSON.parse(readFileSync(`${records}/${id}/shims/default.json`, 'utf8'));
    const child = spawn(
      user.sandbox,
      ['shell', '--name', ready.sandbox, '--', 'sh', '-c', 'echo mark > /tmp/mark; echo up; read line'],
      {
        cwd: path,
        env: environmentOf(user),
        ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
      },
    );
    t.after(() => child.kill('SIGKILL'));
    await new Promise((resolve) => void child.stdout.once('data', resolve));
    const joined = await runAs(
      user,
      [shim('sh'), '-c', 'cat /tmp/mark; pwd; printf "<%s>" "$@"; exit 9', 'x', '', 'a b'],
      {
        cwd: `${path}/sub`,
      },
    );
    assert.deepEqual([joined.stdout, joined.status], [`mark\n${path}/sub\n<><a b>`, 9], joined.stderr);
    child.stdin.end('\n');
    await new Promise((resolve) => void child.once('close', resolve));
    assert.equal((await runAs(user, [shim('cat'), '/tmp/mark'])).status, 1);
    assert.equal((await sandbox(user, ['rm', ready.sandbox])).status, 0);
  });

  test('is listed, and removed from both places', async (t) => {
    const { path, shim } = await shimProject(t, user, HOST, ['true', 'sh']);
    const list = async () => JSON.parse((await sandbox(user, ['shim', '--list', '--json'], { cwd: path })).stdout);
    assert.deepEqual(
      (await list()).map(({ name, environment, state }: Record<string, string>) => [name, environment, state]),
      [
        ['true', 'default', 'ready'],
        ['sh', 'default', 'ready'],
      ],
    );
    assert.equal((await sandbox(user, ['shim', '--remove', 'true'], { cwd: path })).stdout, 'true\n');
    assert.equal(existsSync(shim('true')), false);
    assert.equal((await list()).length, 1);
    assert.equal((await sandbox(user, ['shim', '--remove', 'nothing'], { cwd: path })).status, 125);
    assert.equal(readFileSync(`${path}/.sandbox/.gitignore`, 'utf8'), '*\n');
  });

  test('is that of the first environment which lists the program: `default` before those that inherit its list', async (t) => {
    const toml = `${HOST}shims = ["sh"]\n[env]\nWHICH = "default"\n[env.test]\nextends = "default"\nshims = ["cat"]\nenv = { WHICH = "test" }\n`;
    const { path, shim } = await shimProject(t, user, toml, []);
    const made = await sandbox(user, ['shim', '-q'], { cwd: path });
    assert.equal(made.stdout, `${shim('sh')}\n${shim('cat')}\n`, made.stderr);
    assert.equal((await runAs(user, [shim('sh'), '-c', 'echo $WHICH'])).stdout, 'default\n');
    assert.equal((await sandbox(user, ['shim', '-q', '--env', 'test'], { cwd: path })).status, 0);
    assert.equal((await runAs(user, [shim('sh'), '-c', 'echo $WHICH'])).stdout, 'test\n');
  });

  test('has the name of a program, in a project', async (t) => {
    const { path } = await shimProject(t, user, HOST, []);
    for (const name of ['../evil', '/bin/sh', '-x', '.profile', '', 'a b', 'sandbox', 'a\nb']) {
      const { status, stderr } = await sandbox(user, ['shim', '--', name].slice(name.startsWith('-') ? 0 : 0), {
        cwd: path,
      });
      assert.equal(status, 125, `${JSON.stringify(name)}: ${stderr}`);
    }
    assert.match((await sandbox(user, ['shim'], { cwd: path })).stderr, /no shims are named/);
    assert.match((await sandbox(user, ['shim', 'ls'], { cwd: '/' })).stderr, /there is no sandbox\.toml/);
    const unknown = await sandbox(user, ['shim', '--env', 'tset', 'ls'], { cwd: path });
    assert.equal(unknown.status, 125);
    assert.match(unknown.stderr, /no environment "tset"/);
  });
});
