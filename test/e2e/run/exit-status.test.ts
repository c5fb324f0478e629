import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, ordinary } from '../support/inside.ts';

test("the command's own status, and 128+N of a signal", ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const status = async (script: string) =>
    (await sandbox(account(), ['run', '--', 'sh', '-c', script], { cwd })).status;
  for (const number of [0, 1, 42, 125, 255]) assert.equal(await status(`exit ${number}`), number);
  assert.equal(await status('kill -TERM $$'), 143);
  assert.equal(await status('kill -KILL $$'), 137);
  assert.equal(await status('ulimit -c 0; kill -SEGV $$'), 139);
});

test('127: not found; 126: found and not to be executed, with the reason', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  mkdirSync(`${cwd}/directory`);
  writeFileSync(`${cwd}/plain`, 'echo hello\n');
  writeFileSync(`${cwd}/garbage`, '\x7fELF nonsense', { mode: 0o755 });
  writeFileSync(`${cwd}/no-interpreter`, '#!/no/such/interpreter\n', { mode: 0o755 });
  for (const [command, status, message] of [
    ['no-such-command', 127, /^sandbox: no-such-command: command not found/],
    ['/usr/bin/no-such-command', 127, /^sandbox: \/usr\/bin\/no-such-command: .*not found/],
    ['./plain', 126, /permission denied.*EACCES/],
    ['./directory', 126, /directory.*EACCES/],
    ['./garbage', 126, /exec format error/],
    ['./no-interpreter', 126, /interpreter/],
  ] as const) {
    const result = await sandbox(account(), ['run', '--', command], { cwd });
    assert.equal(result.status, status, `${command}: ${result.stderr}`);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, '');
  }
});

test('125: our own refusal, with what was wrong', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  for (const [words, message] of [
    [['run'], /no command given/],
    [['run', '--no-such-option', '--', 'true'], /no-such-option/],
    [['run', '--network', 'bridge', '--', 'true'], /--network/],
    [['run', '--rootfs', '/no/such/root', '--', 'true'], /--rootfs: .*ENOENT/],
    [['no-such-command'], /no command/],
    [[], /^$/],
  ] as const) {
    const { status, stderr } = await sandbox(account(), words, { cwd });
    assert.equal(status, 125, stderr);
    assert.match(stderr, message);
  }
});
