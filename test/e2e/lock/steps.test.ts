import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { bareWithBusybox, withBusybox } from '../images/support/world.ts';
import { type LockWorld, lockWorld } from './world.ts';

const OWN = process.arch === 'x64' ? 'linux/amd64' : 'linux/arm64';
const OTHER = process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64';
const FROZEN = ['shell', '--frozen', '-c', 'cat /made'];

function twoSteps(world: LockWorld, second = 'cat in.txt >> /made'): void {
  world.write(`
    image = "${world.image}"
    [[steps]]
    run = "echo first > /made"
    [[steps]]
    name = "second"
    inputs = ["in.txt"]
    run = '''${second}'''
    [env.test]
    extends = "default"
    [[env.test.steps]]
    run = "echo third >> /made"
  `);
  world.serveWord('one');
  writeFileSync(`${world.cwd}/in.txt`, 'input\n');
}

test(
  'a lock has the recipes and results of all steps, and two machines write the same bytes',
  withBusybox,
  async (t) => {
    const world = await lockWorld(t);
    const other = world.machine('other');
    twoSteps(world);
    assert.equal((await world.sandbox(['lock', '--check'])).status, 1);
    assert.match(
      await world.says(['lock']),
      /image .* added.*\n {2}step 1 of default \(step 1\) added\n {2}step 2 of default \(second\) added/,
    );
    const text = world.lock();
    assert.equal(text.match(/^\[\[step\]\]$/gm)?.length, 5);
    assert.equal(text.match(/^inputs = "sha256:/gm)?.length, 2);
    const frozen = await other(FROZEN);
    assert.deepEqual([frozen.status, frozen.stdout], [0, 'first\ninput\n'], frozen.stderr);
    rmSync(`${world.cwd}/sandbox.lock`);
    assert.equal((await other(['lock', '-q'])).status, 0);
    assert.equal(world.lock(), text);
    const inTest = await other(['shell', '--frozen', 'test', '-c', 'cat /made']);
    assert.equal(inTest.stdout, 'first\ninput\nthird\n', inTest.stderr);
  },
);

test('frozen, a changed input or recipe is refused; else it is built and written down', withBusybox, async (t) => {
  const world = await lockWorld(t);
  twoSteps(world);
  await world.says(['lock', '-q']);
  writeFileSync(`${world.cwd}/in.txt`, 'changed\n');
  await world.fails(FROZEN, /step 2 \(second\) of the environment default is not what sandbox\.lock has/);
  assert.equal(await world.says(['shell', '-c', 'cat /made']), 'first\nchanged');
  assert.equal(await world.says(FROZEN), 'first\nchanged');
  // Of the other environment the lock has the former input still.
  await world.fails(['shell', '--frozen', 'test', '-c', 'true'], /step 2 \(second\) of the environment test/);
  assert.match(await world.says(['lock']), /step 2 of test \(second\) changed: its inputs/);
  await world.says(['shell', '--frozen', 'test', '-c', 'true']);
});

test('a step that gives something else each time is told, and refused where it is frozen', withBusybox, async (t) => {
  const world = await lockWorld(t);
  const other = world.machine('other');
  twoSteps(world, 'head -c 8 /dev/urandom > /random');
  await world.says(['lock', '-q']);
  const text = world.lock();
  const frozen = await other(FROZEN);
  assert.deepEqual([frozen.status, frozen.stdout], [125, ''], frozen.stderr);
  assert.match(
    frozen.stderr,
    /step 2 \(second\) of default gave sha256:\w+, and sandbox\.lock has sha256:.*\n {2}hint: `sandbox verify`/,
  );
  const loose = await other(['shell', '-c', 'cat /made']);
  assert.equal(loose.stdout, 'first\n', loose.stderr);
  assert.match(loose.stderr, /step 2 \(second\) of default gave/);
  assert.equal(world.lock(), text);
  assert.match((await other(['lock'])).stdout, /step 2 of default \(second\) changed: its result/);
  assert.notEqual(world.lock(), text);
  world.write(`image = "${world.image}"\n[[steps]]\nreproducible = false\nrun = "head -c 8 /dev/urandom > /made"\n`);
  await world.says(['lock', '-q']);
  const third = await world.machine('third')(['shell', '--frozen', '-c', 'true']);
  assert.equal(third.status, 0, third.stderr);
});

test('a lock of another platform is refused where it is frozen, and else completed', withBusybox, async (t) => {
  const world = await lockWorld(t);
  twoSteps(world);
  await world.says(['lock', '-q']);
  const complete = world.lock();
  const [images = '', ...steps] = complete.split('[[step]]');
  const elsewhere = [images, ...steps.map((step) => step.replace(OWN, OTHER))].join('[[step]]');
  world.editLock(() => elsewhere);
  await world.fails(
    FROZEN,
    new RegExp(`step 1 .* has no result for ${OWN} in sandbox\\.lock\n {2}hint: run .sandbox lock. on a machine`),
  );
  await world.says(['lock']);
  for (const platform of [OWN, OTHER]) assert.equal(world.lock().split(`"${platform}" = `).length, 7, platform);
});

test(
  'who has no subordinate ids builds by the lock, and writes no results that others would not get',
  bareWithBusybox,
  async (t) => {
    const world = await lockWorld(t, 'bare');
    twoSteps(world);
    await world.says(['lock', '-q']);
    assert.equal(world.lock().split('recipe = ').length, 6);
    for (const step of world.lock().split('[[step]]').slice(1)) assert.doesNotMatch(step, /linux\//);
    assert.equal(await world.says(FROZEN), 'first\ninput');
  },
);

test('environments that are built at once are all in the lock', withBusybox, async (t) => {
  const world = await lockWorld(t);
  const names = ['a', 'b', 'c', 'd'];
  const tables = names.map(
    (name) => `[env.${name}]\nextends = "default"\n[[env.${name}.steps]]\nrun = "echo > /${name}"\n`,
  );
  world.write(`image = "${world.image}"\n${tables.join('')}`);
  world.serveWord('one');
  await world.says(['lock', '-q']);
  const complete = world.lock();
  // Where all is built already they come to the lock at the same time.
  for (let round = 0; round < 3; round++) {
    rmSync(`${world.cwd}/sandbox.lock`);
    await Promise.all(names.map(async (name) => await world.says(['build', name])));
    assert.equal(world.lock(), complete);
  }
  assert.deepEqual(
    readdirSync(world.cwd).filter((name) => name.includes('lock')),
    ['sandbox.lock'],
  );
});

test('a project that cannot be written to is built from its lock, and not without', withBusybox, async (t) => {
  const world = await lockWorld(t);
  twoSteps(world);
  await world.says(['lock', '-q']);
  mkdirSync(`${world.cwd}/.sandbox`, { recursive: true });
  chmodSync(world.cwd, 0o555);
  try {
    assert.equal(await world.says(['lock']), 'sandbox.lock is up to date');
    assert.equal(await world.says(['shell', '-c', 'cat /made']), 'first\ninput');
    writeFileSync(`${world.cwd}/in.txt`, 'changed\n');
    await world.fails(
      ['lock', '-q'],
      /sandbox\.lock cannot be written: EACCES\n {2}hint: make the project's directory writable/,
    );
  } finally {
    chmodSync(world.cwd, 0o755);
  }
});
