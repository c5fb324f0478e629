import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, emptied, inside, ordinary, ownStore, tryInside } from '../support/inside.ts';

test('run leaves nothing behind: no sandbox in the store, no mark on the host', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { env, path } = await ownStore(account(), 'ephemeral');
  const script =
    'mkdir -p /usr/local/a/b/c && echo x > /usr/local/a/b/c/f && chmod 0 /usr/local/a/b && echo x > /var/tmp/f; exit 3';
  assert.equal((await tryInside(account(), { cwd, env }, [], script)).status, 3);
  await emptied(path);
  assert.ok(!existsSync('/usr/local/a'));
  assert.equal(await inside(account(), { cwd, env }, [], 'test -e /usr/local/a || echo gone'), 'gone');
});

test("files of subordinate ids in a sandbox's changes go with it", ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { env, path } = await ownStore(account(), 'ephemeral');
  const script =
    'mkdir -m 700 -p /opt/a/b && touch /opt/a/b/c && chown -R 99:99 /opt/a && chmod 500 /opt/a; stat -c %u /opt/a/b/c';
  assert.equal(await inside(account(), { cwd, env }, ['-u', 'root'], script), '99');
  await emptied(path);
});

test('a copied workspace goes with it, and so does a sandbox whose command was not found', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { env, path } = await ownStore(account(), 'ephemeral');
  await inside(account(), { cwd, env }, ['--workspace', 'cow'], 'mkdir -p a/b && head -c 100k /dev/zero > a/b/c');
  assert.equal((await sandbox(account(), ['run', '--', 'no-such-command'], { cwd, env })).status, 127);
  await emptied(path);
  assert.deepEqual(readdirSync(cwd), []);
});

test('what is left running in the background ends with the command', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { env, path } = await ownStore(account(), 'ephemeral');
  const script =
    'setsid sh -c "while :; do date > alive; sleep 0.05; done" > /dev/null 2>&1 & while ! test -e alive; do sleep 0.01; done; echo done';
  assert.equal(await inside(account(), { cwd, env }, [], script), 'done');
  await emptied(path);
  const { rmSync } = await import('node:fs');
  rmSync(`${cwd}/alive`, { force: true });
  await inside(account(), { cwd, env }, [], 'sleep 0.3');
  assert.deepEqual(readdirSync(cwd), []);
});
