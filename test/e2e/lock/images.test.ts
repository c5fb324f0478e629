import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { withBusybox } from '../images/support/world.ts';
import { lockWorld } from './world.ts';

const WORD = ['shell', '-c', 'echo $WORD'];
const FROZEN = ['shell', '--frozen', '-c', 'echo $WORD'];
const OWN = process.arch === 'x64' ? 'linux/amd64' : 'linux/arm64';
const OTHER = process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64';

test('an environment stays on the locked image until it is updated, on every machine', withBusybox, async (t) => {
  const world = await lockWorld(t);
  const other = world.machine('other');
  world.write(`image = "${world.image}"\n`);
  world.serveWord('one');
  await world.fails(FROZEN, /the image ".*app:1" is not in sandbox\.lock\n {2}hint: run `sandbox lock` and commit/);
  await world.fails(['shell', '-c', 'x', '--frozen'], /is not in sandbox\.lock/);
  assert.equal(await world.says(WORD), 'one');
  const first = world.lock();
  assert.match(first, /^index = "sha256:/m);
  for (const platform of [OWN, OTHER]) assert.match(first, new RegExp(`^"${platform}" = "sha256:`, 'm'));
  world.serveWord('two');
  assert.equal(await world.says(WORD), 'one');
  assert.equal((await other(FROZEN)).stdout, 'one\n');
  assert.equal(await world.says(['lock']), 'sandbox.lock is up to date');
  const modified = statSync(`${world.cwd}/sandbox.lock`).mtimeMs;
  assert.match(
    await world.says(['lock', '--update']),
    /^sandbox\.lock is written:\n {2}image .*app:1 changed: sha256:\w+ → sha256/,
  );
  assert.ok(statSync(`${world.cwd}/sandbox.lock`).mtimeMs > modified);
  assert.equal(await world.says(FROZEN), 'two');
  assert.equal((await other(['shell', '--frozen', '-c', 'echo $WORD'])).stdout, 'two\n');
  assert.equal(await world.says(['lock', '--check']), 'sandbox.lock is up to date');
  // The variable alone is as good as the option.
  world.write(`image = "${world.image.replace(':1', ':2')}"\n`);
  const inCi = await world.sandbox(WORD, { env: { CI: 'true' } });
  assert.equal(inCi.status, 125);
  assert.match(inCi.stderr, /app:2" is not in sandbox\.lock/);
});

test('without a network everything that is here can be used, moved tags or not', withBusybox, async (t) => {
  const world = await lockWorld(t);
  world.write(`image = "${world.image}"\n`);
  world.serveWord('one');
  assert.equal(await world.says(WORD), 'one');
  world.serveWord('two');
  await world.says(['image', 'pull', '-q', world.image]);
  await world.registry.close();
  // No name leads to the locked image any more.
  world.write(`image = "${world.image}"\nworkdir = "/"\n`);
  assert.equal(await world.says(FROZEN), 'one');
  assert.equal(await world.says(['lock', '--check']), 'sandbox.lock is up to date');
  await world.fails(['lock', '--update'], /nothing listens there|ECONNREFUSED/);
  const asked = await world.sandbox(['outdated']);
  assert.equal(asked.status, 125);
  assert.match(asked.stdout, /unknown/);
});

test('outdated compares digests only', withBusybox, async (t) => {
  const world = await lockWorld(t);
  world.write(
    `image = "${world.image}"\n[env.tool]\nimage = "host"\n[env.more]\nimage = "${world.registry.host}/more:1"\n`,
  );
  world.serveWord('one');
  world.serve('more:1');
  assert.match(await world.says(['outdated', '--exit-code']), /more:1 .*not locked/);
  await world.says(['lock', '-q']);
  world.serveWord('two');
  const before = world.registry.requests.length;
  const { status, stdout } = await world.sandbox(['outdated', '--exit-code', '--json']);
  assert.equal(status, 1);
  const rows: Array<{ image: string; status: string; locked: string; available: string }> = JSON.parse(stdout);
  assert.deepEqual(
    rows.map((row) => [row.image, row.status]),
    [
      [world.image, 'outdated'],
      [`${world.registry.host}/more:1`, 'current'],
    ],
  );
  assert.notEqual(rows[0]?.locked, rows[0]?.available);
  assert.equal(rows[1]?.locked, rows[1]?.available);
  assert.deepEqual(
    new Set(world.registry.requests.slice(before).map(({ method, path }) => (path === '/v2/' ? 'HEAD' : method))),
    new Set(['HEAD']),
  );
  assert.match(await world.says(['outdated']), /outdated/);
  const { manifest } = world.serve('more:1', { Cmd: ['pinned'] });
  const pinned = `${world.registry.host}/more@${manifest.digest}`;
  // Only the named one is asked for.
  world.serve('more:1', { Cmd: ['new'] });
  assert.match(
    await world.says(['lock', '--update', 'more']),
    /^sandbox\.lock is written:\n {2}image \S+\/more:1 changed: .*$/,
  );
  assert.match(await world.says(['outdated']), /app:1 .* outdated\n.*more:1 .* current/);
  world.write(`image = "${pinned}"\n[env.other]\nimage = "localhost/other:1"\n`);
  assert.match(await world.says(['outdated']), /more@sha256:.* pinned\nlocalhost\/other:1 .* local$/);
  world.write(`image = "${pinned}"\n[env.more]\nimage = "host"\n`);
  await world.says(['lock', '-q']);
  assert.equal(await world.says(['shell', '--frozen', '-c', 'echo ok']), 'ok');
  await world.fails(['lock', '--update', 'more'], /the environment more has no image: it is the host/);
  await world.fails(['lock', '--update', 'mroe'], /no image and no environment "mroe"\n {2}hint: did you mean more\?/);
  await world.fails(['lock', 'more'], /a name can only be given with --update/);
});

test('a lock that was edited is not followed elsewhere', withBusybox, async (t) => {
  const world = await lockWorld(t);
  let machines = 0;
  world.write(`image = "${world.image}"\n`);
  world.serveWord('one');
  const { manifest } = world.serve('evil:1', { Env: ['WORD=evil', 'PATH=/bin'] });
  await world.says(['lock', '-q']);
  const good = world.lock();
  const said = async (change: (text: string) => string): Promise<string> => {
    world.editLock(change);
    machines += 1;
    const { status, stderr, stdout } = await world.machine(`machine-${machines}`)(FROZEN);
    assert.deepEqual([status, stdout], [125, ''], stderr);
    assert.doesNotMatch(stderr, /This is a bug/);
    writeFileSync(`${world.cwd}/sandbox.lock`, good);
    return stderr;
  };
  const own = new RegExp(`^"${OWN}" = "(.*)"$`, 'm');
  // Another repository, where sandbox.toml says what it always did.
  assert.match(
    await said((text) => text.replace(/^name = .*/m, `name = "${world.registry.host}/evil:1"`)),
    /sandbox\.lock has \S+\/evil:1 for the image ".*app:1", which means \S+app:1 here/,
  );
  // Another image, under an index that does not have it.
  assert.match(
    await said((text) => text.replace(own, `"${OWN}" = "${manifest.digest}"`)),
    /sandbox\.lock has sha256:.*\n {2}hint: sandbox\.lock was edited by hand/,
  );
  // Nothing that there is.
  const gone = `sha256:${'1'.repeat(64)}`;
  assert.match(
    await said((text) => text.replace(/^index = .*/m, `index = "${gone}"`)),
    /cannot be had: .*\n {2}hint: .*sandbox lock --update/,
  );
  assert.match(
    await said((text) => text.replace(own, `"${OWN}" = "sha256:12"`)),
    /sandbox\.lock:\d+:1: .*is no digest/,
  );
  assert.match(
    await said((text) => text.replace('version = 1', 'version = 2')),
    /written by a newer sandbox.*\n {2}hint: update/,
  );
  assert.match(await said((text) => text.replace(own, '')), new RegExp(`the lock has no result for ${OWN}`));
  const other = world.machine('other');
  assert.equal((await other(FROZEN)).stdout, 'one\n');
  // Not frozen, the platform is added.
  world.editLock((text) => text.replace(own, '').replace(/\n\n$/, '\n'));
  assert.equal((await other(WORD)).stdout, 'one\n');
  assert.equal(world.lock(), good);
});

test('a conflict of a merge is mended by sandbox lock, which takes our side', withBusybox, async (t) => {
  const world = await lockWorld(t);
  world.write(`image = "${world.image}"\n`);
  world.serveWord('one');
  await world.says(['lock', '-q']);
  const ours = world.lock();
  world.serveWord('two');
  world.editLock((text) =>
    text.replace(
      /^index = .*\n/m,
      (line) => `<<<<<<< HEAD\n${line}=======\nindex = "sha256:${'2'.repeat(64)}"\n>>>>>>> feature\n`,
    ),
  );
  await world.fails(WORD, /sandbox\.lock:\d+:1: a merge has left a conflict here\n {2}hint: run `sandbox lock`/);
  await world.fails(['lock', '--check'], /a merge has left a conflict/);
  await world.says(['lock']);
  assert.equal(world.lock(), ours);
  assert.equal(await world.says(FROZEN), 'one');
});

test('an image that was only loaded is locked too, and has to be loaded elsewhere', withBusybox, async (t) => {
  const world = await lockWorld(t);
  const other = world.machine('other');
  world.serveWord('loaded');
  await world.says(['image', 'pull', '-q', world.image]);
  await world.says(['image', 'tag', world.image, 'localhost/mine:1']);
  await world.says(['image', 'save', '-o', 'mine.tar', 'localhost/mine:1']);
  world.write('image = "localhost/mine:1"\n');
  assert.equal((await other(['image', 'load', '-q', '-i', 'mine.tar'])).status, 0);
  assert.equal((await other(['lock'])).status, 0);
  assert.equal((await other(['lock', '--update'])).status, 0);
  assert.equal((await other(FROZEN)).stdout, 'loaded\n');
  const third = world.machine('third');
  const { status, stderr } = await third(FROZEN);
  assert.equal(status, 125);
  assert.match(stderr, /localhost/);
  assert.equal((await third(['image', 'load', '-q', '-i', 'mine.tar'])).status, 0);
  assert.equal((await third(FROZEN)).stdout, 'loaded\n');
});
