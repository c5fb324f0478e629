/* What one store has built, taken over by another. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { leftovers, type ProjectWorld, projectWorld, step } from '../build/world.ts';
import { withBusybox } from '../images/support/world.ts';

const STEPS = [
  step('mkdir /tool; echo content > /tool/file; ln /tool/file /tool/same; chown 5:6 /tool'),
  step('rm -r /etc/group; mkfifo /fifo; head -c 3000000 /dev/zero > /zeros'),
  step('rm -r /tool; mkdir /tool; touch -d @1000 /tool/old'),
];
const LOOK = 'ls -lnR /tool /fifo; cksum /zeros; test ! -e /etc/group';

async function withoutStore(world: ProjectWorld): Promise<void> {
  const { status, stderr } = await world.sandbox(['reset', '--force']);
  assert.equal(status, 0, stderr);
}

/** Files that say what steps gave. */
function recordsOf({ store }: ProjectWorld): string[] {
  const steps = `${store}/steps`;
  return existsSync(steps) ? readdirSync(steps).flatMap((key) => readdirSync(`${steps}/${key}`)) : [];
}

/** Makes the cache say that the first step gave the second one's layer: what somebody who can write to it may do. */
function forgeResult({ cwd }: ProjectWorld): void {
  const blobs = `${cwd}/cache/blobs/sha256`;
  const json = (digest: string) => JSON.parse(readFileSync(`${blobs}/${digest.slice(7)}`, 'utf8'));
  const put = (value: unknown): { readonly digest: string; readonly size: number } => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(`${blobs}/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const index = JSON.parse(readFileSync(`${cwd}/cache/index.json`, 'utf8'));
  const manifest = json(index.manifests[0].digest);
  const config = json(manifest.config.digest);
  const [first, second] = manifest.layers;
  config.rootfs.diff_ids[0] = config.rootfs.diff_ids[1];
  manifest.layers = [{ ...second, annotations: first.annotations }, second];
  Object.assign(manifest.config, put(config));
  Object.assign(index.manifests[0], put(manifest));
  writeFileSync(`${cwd}/cache/index.json`, JSON.stringify(index));
}

describe('sandbox build --cache-to and --cache-from', withBusybox, () => {
  for (const form of ['cache', 'cache.tar']) {
    it(`takes over what was built: ${form}`, async (t) => {
      const world = await projectWorld(t);
      world.steps(...STEPS);
      const built = await world.build('-q', '--cache-to', form);
      assert.equal(built.status, 0, built.stderr);
      const [digests, seen] = [await world.digests(), await world.shell(LOOK)];
      await withoutStore(world);
      assert.deepEqual(await world.origins('--cache-from', form), ['1 imported', '2 imported', '3 imported']);
      assert.deepEqual(await world.digests(), digests);
      assert.equal(await world.shell(LOOK), seen);
      assert.deepEqual(leftovers(world), []);
    });
  }

  it('builds from the first changed step on, and adds that', async (t) => {
    const world = await projectWorld(t);
    world.steps(...STEPS);
    assert.equal((await world.build('-q', '--cache-to', 'cache')).status, 0);
    await withoutStore(world);
    world.steps(...STEPS.slice(0, 1), step('echo another > /step'));
    const origins = await world.origins('--cache-from', 'cache', '--cache-to', 'cache');
    assert.deepEqual(origins, ['1 imported', '2 built']);
    assert.equal(readdirSync(`${world.cwd}/cache/blobs/sha256`).length, 4);
    await withoutStore(world);
    assert.deepEqual(await world.origins('--cache-from', 'cache'), ['1 imported', '2 imported']);
  });

  it('refuses a damaged cache by its file and the step', async (t) => {
    const world = await projectWorld(t);
    world.steps('name = "tools"\nrun = "echo content > /file"');
    assert.equal((await world.build('-q', '--cache-to', 'cache')).status, 0);
    await withoutStore(world);
    const blobs = `${world.cwd}/cache/blobs/sha256`;
    for (const name of readdirSync(blobs)) {
      const bytes = readFileSync(`${blobs}/${name}`);
      if (bytes.readUInt32LE(0) === 0xfd2fb528) writeFileSync(`${blobs}/${name}`, bytes.fill(0x41, 20, 30));
    }
    const { status, stderr } = await world.build('-q', '--cache-from', 'cache');
    assert.equal(status, 125);
    assert.match(stderr, /the cache ".*cache" has a result of the step "tools" that cannot be used: .*digest/);
    assert.deepEqual(leftovers(world), []);
  });

  it('gives nothing that the lock does not have to a frozen build', async (t) => {
    const world = await projectWorld(t);
    world.steps(step('cat /proc/sys/kernel/random/uuid > /different'));
    await world.digests();
    await withoutStore(world);
    // Another result: the lock keeps the first one.
    assert.equal((await world.build('-q', '--cache-to', 'cache')).status, 0);
    await withoutStore(world);
    const { status, stderr } = await world.build('-q', '--frozen', '--cache-from', 'cache');
    assert.equal(status, 125, stderr);
    assert.match(stderr, /the cache has another result of step 1 than sandbox\.lock: sha256:/);
    // Nothing of it came into the store.
    assert.deepEqual(recordsOf(world), []);
    const shell = await world.sandbox(['shell', '--frozen', '-c', 'cat /different']);
    assert.equal(shell.status, 125, shell.stdout);
  });

  it('gives nothing that the lock does not have to any build: the step is built instead', async (t) => {
    const world = await projectWorld(t);
    const toml = step('cat inputs-of-this-machine > /made', 'inputs = ["inputs-of-this-machine"]');
    world.write('inputs-of-this-machine', 'honest');
    world.steps(toml, step('echo next > /next'));
    const honest = await world.build('-q', '--cache-to', 'cache');
    assert.equal(honest.status, 0, honest.stderr);
    const digests = await world.digests();
    forgeResult(world);
    await withoutStore(world);
    const { status, stdout, stderr } = await world.build('--json', '--cache-from', 'cache');
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /the cache has another result of step 1 than sandbox\.lock: sha256:\w+, not sha256:\w+: the step is built instead/,
    );
    const steps: ReadonlyArray<{ origin: string; diffId: string }> = JSON.parse(stdout).environments[0].steps;
    assert.deepEqual(
      steps.map(({ origin, diffId }) => [origin, diffId]),
      [
        ['built', digests[0]],
        ['imported', digests[1]],
      ],
    );
    assert.equal(await world.shell('cat /made'), 'honest');
  });
});
