import assert from 'node:assert/strict';
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { runAs, sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { account, bare, inside, ordinary, tryInside } from '../support/inside.ts';

const IDS = 'id -u; id -g; touch made; stat -c %u:%g made given';

function workspace(t: Parameters<typeof workDirectory>[0]): string {
  const path = workDirectory(t, account());
  writeFileSync(`${path}/given`, '');
  chownSync(`${path}/given`, account().uid, account().gid);
  return path;
}

/** The first subordinate uid of an account: subuid(5). */
function firstSubordinate({ name, uid }: TestUser): number {
  const line = readFileSync('/etc/subuid', 'utf8')
    .split('\n')
    .map((each) => each.split(':'))
    .find(([owner]) => owner === name || owner === String(uid));
  return Number(line?.[1]);
}

test("without a word the user keeps the own id, name and groups' ids", ordinary, async (t) => {
  const cwd = workspace(t);
  const { uid, gid, name } = account();
  const seen = await inside(account(), { cwd }, [], `${IDS}; id -un; echo "$USER $HOME"`);
  assert.equal(seen, `${uid}\n${gid}\n${uid}:${gid}\n${uid}:${gid}\n${name}\n${name} ${account().home}`);
});

test('any id is the user under that number, owning what the user owns', ordinary, async (t) => {
  for (const [words, uid, gid] of [
    [['-u', '1234'], 1234, 1234],
    [['--user', '4321:55'], 4321, 55],
    [['--user=33:0'], 33, 0],
  ] as const) {
    const cwd = workspace(t);
    assert.equal(await inside(account(), { cwd }, words, IDS), `${uid}\n${gid}\n${uid}:${gid}\n${uid}:${gid}`);
    const made = statSync(`${cwd}/made`);
    assert.deepEqual([made.uid, made.gid], [account().uid, account().gid]);
  }
});

test("a name is looked up in the sandbox's /etc/passwd and /etc/group", ordinary, async (t) => {
  const cwd = workspace(t);
  assert.equal(
    await inside(account(), { cwd }, ['-u', 'daemon'], 'id -u; id -g; id -un; echo $USER:$HOME'),
    '1\n1\ndaemon\ndaemon:/usr/sbin',
  );
  assert.equal(await inside(account(), { cwd }, ['-u', 'daemon:mail'], 'id -u; id -g'), '1\n8');
  for (const [word, message] of [
    ['nobody-of-this-name', /--user: there is no user nobody-of-this-name in the sandbox's \/etc\/passwd\n.*hint:/],
    ['daemon:no-such-group', /--user: there is no group no-such-group/],
  ] as const) {
    const { status, stderr } = await tryInside(account(), { cwd }, ['-u', word], 'true');
    assert.equal(status, 125);
    assert.match(stderr, message);
  }
});

test("root is the user outside, with podman's capabilities inside and none outside", ordinary, async (t) => {
  const cwd = workspace(t);
  const script = `${IDS}; grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | tr -d '\\t'; cat /etc/shadow`;
  const { stdout, stderr } = await tryInside(account(), { cwd }, ['-u', 'root'], script);
  const set = '00000000800405fb';
  const capabilities = [
    `CapInh:${'0'.repeat(16)}`,
    `CapPrm:${set}`,
    `CapEff:${set}`,
    `CapBnd:${set}`,
    `CapAmb:${'0'.repeat(16)}`,
  ];
  assert.deepEqual(stdout.trimEnd().split('\n'), ['0', '0', '0:0', '0:0', ...capabilities]);
  assert.match(stderr, /shadow: Permission denied/);
  const made = statSync(`${cwd}/made`);
  assert.deepEqual([made.uid, made.gid], [account().uid, account().gid]);
});

test('an ordinary user has no capability, and cannot get one', ordinary, async (t) => {
  const cwd = workspace(t);
  for (const words of [[], ['-u', '1234']]) {
    const seen = await inside(account(), { cwd }, words, `grep -E '^(Cap|NoNewPrivs)' /proc/self/status | tr -d '\\t'`);
    const nothing = ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((name) => `Cap${name}:${'0'.repeat(16)}`);
    assert.deepEqual(seen.split('\n'), [...nothing, 'NoNewPrivs:1']);
  }
});

test('root chowns, and the host sees subordinate ids', ordinary, async (t) => {
  const cwd = workspace(t);
  const script =
    'chown 7:8 given && stat -c %u:%g given; setpriv --reuid 33 --regid 33 --clear-groups sh -c "id -u; touch /tmp/by33; stat -c %u /tmp/by33"';
  assert.equal(await inside(account(), { cwd }, ['-u', '0'], script), '7:8\n33\n33');
  const { uid } = statSync(`${cwd}/given`);
  assert.equal(uid, firstSubordinate(account()) + 6);
});

test('a set-user-ID bit gives nothing: root inside cannot be had again', ordinary, async (t) => {
  const cwd = workspace(t);
  const script = `for place in /opt . /tmp; do
      cp /usr/bin/id $place/root-id && chmod 4755 $place/root-id && setpriv --reuid 33 --regid 33 --clear-groups $place/root-id -u
    done`;
  assert.equal(await inside(account(), { cwd }, ['-u', 'root'], script), '33\n33\n33');
});

test('ids that are none are refused before anything starts', ordinary, async (t) => {
  const cwd = workspace(t);
  for (const word of ['4294967295', '-1', '1:', ':1', '1:name', 'a b', '']) {
    const { status, stderr } = await sandbox(account(), ['run', `--user=${word}`, '--', 'true'], { cwd });
    assert.equal(status, 125, word);
    assert.match(stderr, /^sandbox: --user: expected/, word);
  }
});

test('without subordinate ids root is emulated: chown and setuid succeed', bare, async (t) => {
  const user = account('bare');
  const cwd = workDirectory(t, user);
  const script = `
    id -u; touch made; chown 5:6 made && chown -h 5 made && chgrp mail made && echo chown; stat -c %u:%g made
    setpriv --reuid 33 --regid 33 --clear-groups true && echo setuid
    install -o daemon -g daemon -m 600 made installed && stat -c %u:%a installed
    tar -cf a.tar --owner=7 --group=7 made && mkdir out && tar -C out --same-owner -xf a.tar && ls out
    cat /proc/self/uid_map | tr -s ' '`;
  const seen = (await inside(user, { cwd }, ['-u', 'root'], script)).split('\n');
  assert.deepEqual(seen, ['0', 'chown', '0:0', 'setuid', '0:600', 'made', ` 0 ${user.uid} 1`]);
  assert.equal(statSync(`${cwd}/installed`).uid, user.uid);
  const plain = await tryInside(user, { cwd }, [], 'chown 5 made');
  assert.equal(plain.status, 1, 'only root is emulated');
});

test('apt is told that it stays root where ids are emulated, and only there', {
  skip: bare.skip || ordinary.skip || needs('apt-config'),
}, async (t) => {
  for (const [kind, words, expected] of [
    ['bare', ['-u', 'root'], 'root'],
    ['bare', [], '_apt'],
    ['subordinate', ['-u', 'root'], '_apt'],
  ] as const) {
    const cwd = workDirectory(t, account(kind));
    const seen = await inside(account(kind), { cwd }, words, 'apt-config shell user APT::Sandbox::User');
    assert.equal(seen, `user='${expected}'`, `${kind} ${words.join(' ')}`);
  }
});

test('without subordinate ids everybody else is the user alone', bare, async (t) => {
  const user = account('bare');
  const cwd = workDirectory(t, user);
  for (const [words, uid] of [
    [[], user.uid],
    [['-u', '77'], 77],
  ] as const) {
    assert.equal(await inside(user, { cwd }, words, 'id -u; echo x > f; stat -c %u f; rm f'), `${uid}\n${uid}`);
  }
});

test('supplementary groups are not the way to more: they stay what they were', ordinary, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('cannot run here: needs root to give a process groups');
  const cwd = workspace(t);
  const { uid, gid, home } = account();
  const argv = ['setpriv', '--reuid', String(uid), '--regid', String(gid), '--groups', `${gid},4`, '--inh-caps=-all'];
  const root: TestUser = { ...account(), uid: 0, gid: 0 };
  const run = async (words: string[]) =>
    await runAs(
      root,
      [...argv, account().sandbox, 'run', ...words, '--', 'sh', '-c', 'id -G; cat /proc/self/setgroups'],
      { cwd, env: { HOME: home } },
    );
  const { stdout, stderr } = await run([]);
  assert.equal(stdout, `${gid} 65534\ndeny\n`, stderr);
  assert.match((await run(['-u', 'root'])).stdout, /^0 65534\nallow\n$/);
});
