import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { hold } from '../support/held.ts';
import { account, emptied, ordinary, ownStore } from '../support/inside.ts';

interface Place {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

async function lines(place: Place, words: readonly string[]): Promise<string[]> {
  const { status, stdout, stderr } = await sandbox(account(), words, place);
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

test('ps and rm: from nothing, over running and stopped, to nothing', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { env, path: store } = await ownStore(account(), 'lists');
  const place = { cwd, env };
  assert.deepEqual(await lines(place, ['ps', '-q']), []);
  assert.deepEqual(JSON.parse((await sandbox(account(), ['ps', '--json'], place)).stdout), []);

  const site = await hold(t, account(), place, ['shell', '--name', 'site', '--network', 'none']);
  const run = await hold(t, account(), place, ['run']);
  await lines(place, ['shell', '--name', 'other', '--', 'true']);

  const list = JSON.parse((await sandbox(account(), ['ps', '-a', '--json'], place)).stdout) as Record<
    string,
    unknown
  >[];
  const byName = new Map(list.map((each) => [each.name, each]));
  assert.deepEqual([...byName.keys()].sort(), ['other', 'site', undefined]);
  const { created, pid, ...open } = byName.get('site') ?? {};
  assert.deepEqual(open, {
    id: 'site',
    name: 'site',
    state: 'running',
    rootfs: 'host',
    command: ['sh'],
    workspace: cwd,
  });
  assert.ok(Math.abs(Date.parse(String(created)) - Date.now()) < 600_000);
  assert.match(readFileSync(`/proc/${String(pid)}/status`, 'utf8'), /^Name:\tsandbox$[\s\S]*^NSpid:\t\d+\t1$/m);
  assert.equal(byName.get('other')?.state, 'stopped');
  assert.ok(!('pid' in (byName.get('other') ?? {})));
  const id = String(byName.get(undefined)?.id);
  assert.deepEqual(
    readdirSync(`${store}/runs`).filter((name) => name !== '.gate'),
    [id],
  );

  assert.deepEqual((await lines(place, ['ps', '-q'])).sort(), [id, 'site'].sort());
  assert.deepEqual((await lines(place, ['ps', '--all', '--quiet'])).sort(), [id, 'other', 'site'].sort());
  const [heading, ...rows] = await lines(place, ['ps', '-a']);
  assert.match(heading ?? '', /^NAME +ID +STATE +CREATED +ROOTFS +WORKSPACE +COMMAND/);
  assert.match(rows.join('\n'), /^other +other +stopped .* host /m);

  const refused = await sandbox(account(), ['rm', 'site'], place);
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /the sandbox site is running\n.*sandbox rm --force site/);
  assert.equal(await site.tell('echo alive'), 'alive');

  assert.deepEqual(await lines(place, ['rm', '--all']), ['other']);
  assert.deepEqual(await lines(place, ['rm', '-f', 'site', 'never-there']), ['site']);
  assert.equal(await site.ended, 137);
  assert.deepEqual(await lines(place, ['rm', '--force', id]), [id]);
  assert.equal(await run.ended, 137);
  assert.deepEqual(await lines(place, ['ps', '-aq']), []);
  await emptied(store);
});

test('rm takes files of subordinate ids and closed directories with it', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { env, path: store } = await ownStore(account(), 'lists');
  const place = { cwd, env };
  const script = 'mkdir -p /opt/a/b && echo x > /opt/a/b/c && chown -R 77:77 /opt/a && chmod 0 /opt/a/b /opt/a';
  await lines(place, ['shell', '--name', 'owned', '-u', 'root', '--', 'sh', '-c', script]);
  assert.deepEqual(await lines(place, ['rm', 'owned']), ['owned']);
  await emptied(store);
  const { status, stderr } = await sandbox(account(), ['rm', 'owned'], place);
  assert.equal(status, 125);
  assert.match(stderr, /owned/);
});

test('rm leaves the workspace and the volumes of a sandbox alone', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const place = { cwd, env: (await ownStore(account(), 'lists')).env };
  const volume = workDirectory(t, account());
  await lines(place, [
    'shell',
    '--name',
    'vol',
    '-v',
    `${volume}:/v`,
    '--',
    'sh',
    '-c',
    'echo x > here; echo y > /v/there',
  ]);
  await lines(place, ['rm', 'vol']);
  assert.deepEqual([readdirSync(cwd), readdirSync(volume)], [['here'], ['there']]);
});
