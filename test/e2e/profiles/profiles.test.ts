import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary, ownStore, tryInside } from '../support/inside.ts';

/** A project, and a configuration of its own. */
function configured(t: TestContext, toml: string): { cwd: string; env: Record<string, string>; path: string } {
  const cwd = workDirectory(t, account());
  const directory = workDirectory(t, account());
  mkdirSync(`${directory}/sandbox`);
  const path = `${directory}/sandbox/config.toml`;
  writeFileSync(path, toml.replaceAll('PROJECT', cwd));
  return { cwd, env: { XDG_CONFIG_HOME: directory }, path };
}

const interfaces =
  'ls /proc/self/net/dev >/dev/null; tail -n +3 /proc/self/net/dev | cut -d: -f1 | tr -d " " | sort | xargs';

test('strict has no network, no user namespaces, and a session of its own', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `${interfaces}; unshare -Ur true 2>/dev/null || echo no-namespace; ps -o sid= -p $$ | xargs; echo $$`;
  const strict = await tryInside(account(), { cwd }, ['--profile', 'strict'], script);
  const [network, namespace, session, pid] = strict.stdout.split('\n');
  assert.deepEqual([network, namespace], ['lo', 'no-namespace'], strict.stderr);
  assert.equal(session, pid, 'it leads a session');
  assert.equal(strict.stderr, '');
  const dev = await inside(account(), { cwd }, [], `unshare -Ur true && echo a-namespace`);
  assert.equal(dev, 'a-namespace', 'dev: nobody notices');
});

test('a profile of the configuration holds the command, and what is looser is said', ordinary, async (t) => {
  const where = configured(
    t,
    `
    [profiles.ci]
    extends = "strict"
    user-namespaces = true
    env = ["CI=yes", "FROM_*"]
    `,
  );
  const env = { ...where.env, FROM_HOST: 'a', FROM_TOKEN: 'b' };
  const script = `${interfaces}; echo "$CI $FROM_HOST $FROM_TOKEN"; cat /proc/sys/user/max_user_namespaces`;
  const { status, stdout, stderr } = await tryInside(account(), { ...where, env }, ['--profile', 'ci'], script);
  assert.equal(status, 0, stderr);
  const [network, variables, most] = stdout.split('\n');
  assert.deepEqual([network, variables], ['lo', 'yes a ']);
  assert.notEqual(most, '0');
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'sandbox: profile ci is looser than strict: user namespaces',
    'sandbox: not passed, since they look like secrets: FROM_TOKEN (-e NAME passes one)',
  ]);
});

test('a project has the profile that the user gave it, not the one that it gives itself', ordinary, async (t) => {
  const where = configured(t, '[projects."PROJECT"]\nprofile = "strict"\n');
  writeFileSync(`${where.cwd}/config.toml`, '[projects."/"]\nprofile = "dev"\n');
  mkdirSync(`${where.cwd}/below/deep`, { recursive: true });
  for (const cwd of [where.cwd, `${where.cwd}/below/deep`]) {
    assert.equal(await inside(account(), { ...where, cwd }, [], interfaces), 'lo');
  }
  assert.notEqual(await inside(account(), where, ['--profile', 'dev'], interfaces), 'lo');
  assert.notEqual(await inside(account(), { ...where, cwd: workDirectory(t, account()) }, [], interfaces), 'lo');
});

test('a mistake in a profile stops the command and names the place', ordinary, async (t) => {
  const where = configured(t, '[profiles.ci]\nextends = "strikt"\n');
  const { status, stderr } = await tryInside(account(), where, [], 'true');
  assert.equal(status, 125);
  assert.match(
    stderr,
    /config\.toml:2:1: profiles\.ci\.extends: there is no profile "strikt"\n.*did you mean strict\?/,
  );
});

test('a kept sandbox stays as closely held as it was made, and says so when that is gone', ordinary, async (t) => {
  const user = account();
  const store = await ownStore(user, 'profiles');
  const where = configured(t, '[profiles.closed]\nextends = "strict"\n');
  const env = { ...where.env, ...store.env };
  t.after(async () => await sandbox(user, ['rm', '--all', '--force'], { env }));
  const shell = async (words: readonly string[]) =>
    await sandbox(user, ['shell', '--name', 'web', ...words, '--', 'sh', '-c', interfaces], { cwd: where.cwd, env });
  assert.equal((await shell(['--profile', 'closed'])).stdout.trim(), 'lo');
  assert.equal((await shell([])).stdout.trim(), 'lo', 'it is remembered');
  rmSync(where.path);
  const gone = await shell([]);
  assert.equal(gone.status, 125);
  assert.match(gone.stderr, /sandbox web was made with the profile "closed", which is not configured any more/);
  assert.match(gone.stderr, /\[profiles\.closed\] back into config\.toml/);
  assert.equal((await shell(['--profile', 'dev'])).status, 0);
});

test('a seccomp profile in docker’s format refuses what it says', ordinary, async (t) => {
  const where = configured(t, '');
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  };
  writeFileSync(`${where.cwd}/seccomp.json`, JSON.stringify(profile));
  const script = 'mkdir made 2>&1 || true; touch file && ls';
  const plain = await inside(account(), where, ['--workspace', 'cow'], script);
  assert.match(plain, /^file\nmade\n/);
  const words = ['--workspace', 'cow', '--security-opt', 'seccomp=./seccomp.json'];
  const { stdout, stderr } = await tryInside(account(), where, words, script);
  assert.match(stdout, /Operation not permitted\nfile\nseccomp\.json\n$/, stderr);
  assert.match(stderr, /^sandbox: looser than the profile dev: seccomp \.\/seccomp\.json\n$/);
});

test('capabilities of root are added and dropped', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const effective = async (...words: string[]) =>
    (await inside(account(), { cwd }, ['-u', 'root', ...words], 'grep CapEff /proc/self/status')).split('\t')[1];
  assert.equal(await effective('--cap-drop', 'ALL'), '0000000000000000');
  assert.equal(await effective('--cap-drop', 'ALL', '--cap-add', 'chown'), '0000000000000001');
  const usual = BigInt(`0x${await effective()}`);
  assert.equal(BigInt(`0x${await effective('--cap-add', 'NET_RAW')}`), usual | (1n << 13n));
});

test('TCP goes to the ports that are named, and to no other', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const servers = [createServer((socket) => socket.end('hello')), createServer((socket) => socket.end('hello'))];
  const ports = await Promise.all(
    servers.map(
      async (server) =>
        await new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  t.after(() => {
    for (const server of servers) server.close();
  });
  const script = ports
    .map((port) => `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} && head -c 5 <&3' 2>/dev/null || echo refused`)
    .join('; echo; ');
  assert.equal(await inside(account(), { cwd }, [], script), 'hello\nhello');
  const { stdout, stderr } = await tryInside(account(), { cwd }, ['--connect-tcp', `${ports[0]}`], script);
  assert.equal(stdout, 'hello\nrefused\n', stderr);
});

test('plan shows how a command would be held', ordinary, async (t) => {
  const where = configured(
    t,
    '[profiles.ci]\nextends = "strict"\nconnect-tcp = [443]\n[profiles.ci.limits]\npids-limit = 50\n',
  );
  const words = ['plan', '--json', '--profile', 'ci', '--', 'true'];
  const { status, stdout, stderr } = await sandbox(account(), words, where);
  assert.equal(status, 0, stderr);
  const { profile } = JSON.parse(stdout) as { profile: Record<string, unknown> };
  const { name, network, seccomp, landlock, limits } = profile;
  assert.deepEqual([name, network, seccomp, landlock], ['ci', 'none', 'strict', true]);
  assert.deepEqual([profile['connect-tcp'], profile['user-namespaces'], profile['32bit']], [[443], false, false]);
  assert.deepEqual(limits, { pids: 50, enforcement: 'bestEffort' });
  const text = await sandbox(
    account(),
    words.filter((word) => word !== '--json'),
    where,
  );
  assert.match(text.stdout, /^profile {2,}ci\nnetwork {2,}none\n/);
  assert.match(text.stdout, /^connect-tcp {2,}443$/m);
});

test('a limit of a profile is best effort: where there is no control group the command runs', ordinary, async (t) => {
  const where = configured(t, '[profiles.small]\n[profiles.small.limits]\nmemory = "512m"\n');
  const { status, stdout, stderr } = await tryInside(account(), where, ['--profile', 'small'], 'echo ran');
  assert.deepEqual([status, stdout], [0, 'ran\n'], stderr);
});
