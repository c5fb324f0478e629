import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { environmentOf, runAs, sandbox, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary } from '../support/inside.ts';

/** What a shell does before it becomes `sandbox run -- sh -c SCRIPT`. */
async function after(cwd: string, before: string, script: string): Promise<string> {
  const line = `${before}; exec "$0" run -- sh -c "$1"`;
  const { stdout, stderr, status } = await runAs(account(), ['bash', '-c', line, account().sandbox, script], { cwd });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd();
}

test('no descriptor but the standard ones is handed on', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const directory = openSync('/', 'r');
  t.after(() => closeSync(directory));
  const { uid, gid } = account();
  const child = spawn(account().sandbox, ['run', '--', 'ls', '/proc/self/fd'], {
    cwd,
    env: environmentOf(account()),
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    stdio: ['ignore', 'pipe', 'inherit', ...Array<number>(7).fill(directory)],
  });
  const { text } = await import('node:stream/consumers');
  assert.ok(child.stdout);
  // 3 is the directory that ls itself has open.
  assert.equal(await text(child.stdout), '0\n1\n2\n3\n');
});

test('the umask is kept', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  for (const mask of ['0027', '0002', '0077']) {
    assert.equal(
      await after(cwd, `umask ${mask}`, 'umask; mkdir d; stat -c %a d; rmdir d'),
      `${mask}\n${(0o777 & ~Number.parseInt(mask, 8)).toString(8)}`,
    );
  }
});

test('no signal is blocked; SIGPIPE ends a writer', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  assert.equal(
    await inside(account(), { cwd }, [], "grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t'"),
    `SigBlk:${'0'.repeat(16)}\nSigIgn:${'0'.repeat(16)}`,
  );
  assert.equal(await inside(account(), { cwd }, [], "bash -c 'set -o pipefail; yes | head -n 1; echo $?'"), 'y\n141');
});

test('limits and niceness are kept', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  assert.equal(
    // More than the tests themselves may have been given: an ordinary user takes nothing of it back.
    await after(cwd, 'ulimit -n 321; ulimit -c 0; renice -n 19 $$ >/dev/null', 'ulimit -n; ulimit -c; nice'),
    '321\n0\n19',
  );
});

test('standard input, output and error are passed on, each as its own', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { stdout, stderr, status } = await sandbox(
    account(),
    ['run', '--', 'sh', '-c', 'cat; echo out; echo err >&2; exit 7'],
    { cwd, input: 'in\n' },
  );
  assert.deepEqual([stdout, stderr, status], ['in\nout\n', 'err\n', 7]);
});
