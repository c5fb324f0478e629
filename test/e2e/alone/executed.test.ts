import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { sandbox, workDirectory } from '../../support/user.ts';
import { busyboxRoot } from '../support/busybox-root.ts';
import { executed, withUnread } from '../support/executed.ts';
import { hold } from '../support/held.ts';
import { account, bare, ordinary } from '../support/inside.ts';

const strace = needs('strace');
const CANNOT_TRACE = 'cannot run here: needs root to trace programs with a set-user-ID bit';
const isRoot = process.getuid?.() === 0;
/** A file without a name, or the one that is kept in the store. */
const LAUNCHER = /^(\/proc\/self\/fd\/\d+|.*\/sandbox\/launchers\/[0-9a-f]+)$/;

function withoutLauncher(programs: readonly string[]): string[] {
  const [first = '', second = '', ...rest] = programs;
  assert.equal(first, account().sandbox);
  assert.match(second, LAUNCHER);
  return rest;
}

function onlyExecuted(programs: readonly string[], command: string): void {
  assert.deepEqual(withUnread(withoutLauncher(programs), command), [command]);
}

test('on the way into a sandbox of the host nothing is executed but the command', {
  skip: ordinary.skip || strace,
}, async (t) => {
  const cwd = workDirectory(t, account());
  // The second time everything is prepared; what is prepared the first time is prepared without programs too.
  for (const words of [
    [],
    [],
    ['--network', 'none', '-u', '1234', '-t', '--read-only', '--workspace', 'cow', '--tmpfs', '/x'],
  ]) {
    const { result, programs } = await executed(account(), cwd, [account().sandbox, 'run', ...words, '--', 'true']);
    assert.equal(result.status, 0, result.stderr);
    onlyExecuted(programs, '/usr/bin/true');
  }
});

test('where ids are mapped, newuidmap and newgidmap, once each', {
  skip: ordinary.skip || strace || needs('/bin/busybox') || (isRoot ? false : CANNOT_TRACE),
}, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  for (const [words, command] of [
    [['-u', 'root'], '/usr/bin/true'],
    [['--rootfs', root], '/bin/true'],
    [['--rootfs', root, '-u', '1000'], '/bin/true'],
  ] as const) {
    const { result, programs } = await executed(account(), cwd, [account().sandbox, 'run', ...words, '--', 'true']);
    assert.equal(result.status, 0, result.stderr);
    const [last, ...helpers] = withoutLauncher(programs).reverse();
    assert.equal(last, command);
    assert.deepEqual(helpers.sort(), ['/usr/bin/newgidmap', '/usr/bin/newuidmap']);
  }
});

test('without subordinate ids root needs no helper', { skip: bare.skip || strace }, async (t) => {
  const user = account('bare');
  const cwd = workDirectory(t, user);
  const { result, programs } = await executed(user, cwd, [user.sandbox, 'run', '-u', 'root', '--', 'true']);
  assert.equal(result.status, 0, result.stderr);
  onlyExecuted(programs, '/usr/bin/true');
});

test('joining a sandbox that is open executes nothing but the command', {
  skip: ordinary.skip || strace,
}, async (t) => {
  const cwd = workDirectory(t, account());
  const name = `traced-${process.pid}`;
  t.after(async () => await sandbox(account(), ['rm', '--force', name]));
  const first = await hold(t, account(), { cwd }, ['shell', '--name', name]);
  const { result, programs } = await executed(account(), cwd, [
    account().sandbox,
    'shell',
    name,
    '--',
    'cat',
    '/proc/1/comm',
  ]);
  assert.deepEqual([result.status, result.stdout], [0, 'sandbox\n'], result.stderr);
  onlyExecuted(programs, '/usr/bin/cat');
  await first.end();
});
