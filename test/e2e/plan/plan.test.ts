import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { runAs, sandbox, workDirectory } from '../../support/user.ts';
import { busyboxRoot } from '../support/busybox-root.ts';
import { executed, giveTo, withUnread } from '../support/executed.ts';
import { account, ordinary } from '../support/inside.ts';

const strace = needs('strace');

interface Plan {
  readonly operations: ReadonlyArray<{ readonly op: string; readonly [field: string]: unknown }>;
  readonly systemCalls: readonly string[];
}

async function planned(cwd: string, words: readonly string[]): Promise<Plan> {
  const { status, stdout, stderr } = await sandbox(account(), ['plan', '--json', ...words], { cwd });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Plan;
}

test('the text names the operations, then the system calls under each', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { status, stdout, stderr } = await sandbox(account(), ['plan', '--network', 'none', '--', 'echo', 'a\nb'], {
    cwd,
  });
  assert.equal(status, 0, stderr);
  const [settings = '', operations = '', calls = ''] = stdout.split('\n\n');
  assert.match(settings, /^profile {2,}dev\nnetwork {2,}none\n/);
  for (const op of [
    'createNamespaces',
    'overlay',
    'proc',
    'pivotRoot',
    'dropCapabilities',
    'noNewPrivileges',
    'execute',
  ]) {
    assert.match(operations, new RegExp(`^ *\\d+ ${op}\\b`, 'm'));
  }
  assert.match(operations, new RegExp(`target="${cwd}"`));
  assert.match(calls, /^# \d+: createNamespaces\nclone|^clone\(.*CLONE_NEWUSER.*CLONE_NEWNET/m);
  assert.match(calls, /^pivot_root\(/m);
  assert.match(calls, /^prctl\(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0\)$/m);
  assert.match(calls, /^execve\("\/usr\/bin\/echo", \["echo"|^execve\("\/usr\/bin\/echo"/m);
});

test('--json: operations as data, and their system calls; the same each time', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const plan = await planned(cwd, ['-e', 'A=b', '--', 'true']);
  assert.deepEqual(plan, await planned(cwd, ['-e', 'A=b', '--', 'true']));
  const last = plan.operations.at(-1);
  assert.equal(last?.op, 'execute');
  assert.deepEqual(last.command, ['true']);
  assert.ok(plan.systemCalls.some((call) => call.startsWith('openat2(')));
});

test('it takes what run takes, and shows what it changes', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const plain = await planned(cwd, ['--', 'true']);
  const has = (plan: Plan, op: string, fields: Record<string, unknown>) =>
    plan.operations.some(
      (each) =>
        each.op === op &&
        Object.entries(fields).every(([name, value]) => JSON.stringify(each[name]) === JSON.stringify(value)),
    );
  for (const [words, op, fields] of [
    [['--hostname', 'box'], 'hostname', { name: 'box' }],
    [['-v', '/usr/share:/data:ro'], 'bind', { source: '/usr/share', target: '/data' }],
    [['--tmpfs', '/mem:size=1m'], 'memory', { target: '/mem', size: 1048576 }],
    [['-w', '/usr'], 'changeDirectory', { path: '/usr' }],
    [['--read-only'], 'readOnlyRoot', {}],
    [['--network', 'none'], 'loopbackUp', {}],
    [['-t'], 'ownTerminal', {}],
  ] as const) {
    assert.ok(!has(plain, op, fields), op);
    assert.ok(has(await planned(cwd, [...words, 'host', 'true']), op, fields), op);
  }
});

test('nothing is started and nothing changed', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { status } = await sandbox(account(), ['plan', '--', 'sh', '-c', `touch ${cwd}/ran`], { cwd });
  assert.deepEqual([status, readdirSync(cwd)], [0, []]);
});

test('--output: the launcher does it alone, without Node and without this program', {
  skip: ordinary.skip || strace,
}, async (t) => {
  const [cwd, tools] = [workDirectory(t, account()), workDirectory(t, account())];
  const copy = `${tools}/sandbox`;
  copyFileSync(account().sandbox, copy);
  giveTo(account(), copy);
  const script = 'echo "$0 in $(uname -n)"; cat; ls /proc | grep -c "^[0-9]"; echo x > /usr/bin/new; exit 6';
  const words = ['plan', '--hostname', 'written', '--output', './launcher', '--', 'sh', '-c', script, 'launched'];
  const written = await sandbox({ ...account(), sandbox: copy }, words, { cwd });
  assert.deepEqual([written.status, written.stdout], [0, ''], written.stderr);
  rmSync(copy);
  const { size, mode, uid } = statSync(`${cwd}/launcher`);
  assert.ok(size < 200_000, String(size));
  assert.deepEqual([mode & 0o777, uid], [0o755, account().uid]);
  assert.equal(readFileSync(`${cwd}/launcher`).readUInt32BE(0), 0x7f454c46);
  for (let time = 0; time < 2; time++) {
    const { status, stdout, stderr } = await runAs(account(), [`${cwd}/launcher`], { cwd: '/', input: 'input\n' });
    assert.deepEqual([status, stdout.split('\n').slice(0, 2)], [6, ['launched in written', 'input']], stderr);
  }
  const traced = await executed(account(), cwd, [`${cwd}/launcher`]);
  assert.equal(traced.result.status, 6);
  const programs = withUnread(traced.programs, '/usr/bin/sh');
  assert.deepEqual(programs.slice(0, 2), [`${cwd}/launcher`, '/usr/bin/sh']);
  assert.ok(programs.every((path) => path === `${cwd}/launcher` || path.startsWith('/usr/bin/')));
  assert.deepEqual(readdirSync(tools), []);
});

test('--output with ids that are mapped executes the two helpers besides', {
  skip:
    ordinary.skip ||
    strace ||
    needs('/bin/busybox') ||
    (process.getuid?.() === 0 ? false : 'cannot run here: needs root to trace programs with a set-user-ID bit'),
}, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const words = ['plan', '--rootfs', root, '--output', `${cwd}/launcher`, '--', 'id', '-u'];
  assert.equal((await sandbox(account(), words, { cwd })).status, 0);
  const { result, programs } = await executed(account(), cwd, [`${cwd}/launcher`]);
  assert.deepEqual([result.status, result.stdout], [0, '0\n'], result.stderr);
  assert.deepEqual(programs.sort(), ['/bin/id', '/usr/bin/newgidmap', '/usr/bin/newuidmap', `${cwd}/launcher`].sort());
});

test('a launcher that fails says so by itself', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  await sandbox(account(), ['plan', '-w', '/no/such/place', '--output', 'failing', '--', 'true'], { cwd });
  const failing = await runAs(account(), [`${cwd}/failing`], { cwd });
  assert.equal(failing.status, 125);
  assert.match(failing.stderr, /^sandbox: cannot .*\/no\/such\/place.*ENOENT\n$/);
  await sandbox(account(), ['plan', '--output', 'missing', '--', 'no-such-command'], { cwd });
  assert.equal((await runAs(account(), [`${cwd}/missing`], { cwd })).status, 127);
});

test('a launcher that cannot be written is refused, and nothing is left', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { status, stderr } = await sandbox(account(), ['plan', '--output', '/proc/launcher', '--', 'true'], { cwd });
  assert.equal(status, 125);
  assert.match(stderr, /--output: "\/proc\/launcher" cannot be written: .*E(NOENT|ACCES)/);
  assert.deepEqual(readdirSync(cwd), []);
});
