import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CANNOT_RUN_HERE } from '../../packages.ts';
import { fileLayer } from '../../support/image-archive.ts';
import { archive } from '../../support/tar/write.ts';
import { eventually, supervisors } from '../faults/support/leftovers.ts';
import { busyboxTar, imageWorld, type World, withBusybox } from '../images/support/world.ts';
import { hold } from '../support/held.ts';

/** A layer whose blob is as large as its content. */
function noise(name: string, bytes: number): Buffer {
  return gzipSync(archive([{ name, data: randomBytes(bytes) }]), { level: 0 });
}

const rootOnly = {
  skip: withBusybox.skip || (process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}needs root to hide /etc/subuid`),
};

const storeOf = (world: World): string => `${world.env.XDG_DATA_HOME}/sandbox`;

/** Nothing of the image is to be seen, and nothing is half unpacked. */
async function assertNothingShown(world: World): Promise<void> {
  assert.deepEqual(JSON.parse(await world.says(['image', 'ls', '--all', '--json'])), []);
  assert.deepEqual(readdirSync(`${storeOf(world)}/layers/.work`), []);
}

function blobRequests({ registry }: World) {
  return registry.requests.filter(({ path, method }) => path.includes('/blobs/') && method === 'GET');
}

test('two pulls of one image at once are one download', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const image = registry.serve('twice:1', { layers: [busyboxTar(), noise('noise', 3_000_000)] });
  const [large] = image.layers.slice(-1);
  registry.fault({ path: `/blobs/${large?.digest}` }, { kind: 'slow', bytes: 200_000, milliseconds: 100 });
  const pulls = [1, 2, 3].map(() => world.sandbox(['pull', `${registry.host}/twice:1`]));
  for (const { status, stderr } of await Promise.all(pulls)) assert.equal(status, 0, stderr);
  const digests = blobRequests(world).map(({ path }) => path);
  assert.deepEqual([...digests].sort(), [...new Set(digests)].sort());
  assert.equal(await world.says(['run', `${registry.host}/twice:1`, '--', 'wc', '-c', '/noise']), '3000000 /noise');
});

test('a connection that is reset in the middle is gone on with, not begun anew', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const image = registry.serve('reset:1', { layers: [busyboxTar(), noise('noise', 3_000_000)] });
  const [large] = image.layers.slice(-1);
  const path = `/blobs/${large?.digest}`;
  registry.fault({ path, times: 1 }, { kind: 'reset', after: 1_000_000 });
  registry.fault({ path, times: 1 }, { kind: 'truncate', after: 1_000_000 });
  assert.equal(await world.says(['run', `${registry.host}/reset:1`, '--', 'wc', '-c', '/noise']), '3000000 /noise');
  const ranges = blobRequests(world)
    .filter((request) => request.path.endsWith(path))
    .map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers.range ?? 'bytes=0-')?.[1]));
  assert.equal(ranges.length, 3);
  assert.ok(
    ranges.every((start, at) => at === 0 || start > (ranges[at - 1] ?? 0)),
    ranges.join(' '),
  );
});

test(
  'a server that forgets what was asked for has the layer unpacked from its beginning again',
  withBusybox,
  async (t) => {
    const world = await imageWorld(t);
    const { registry } = world;
    const image = registry.serve('whole:1', { layers: [busyboxTar(), noise('noise', 3_000_000)] });
    const path = `/blobs/${image.layers.at(-1)?.digest}`;
    registry.fault({ path, times: 1 }, { kind: 'reset', after: 1_000_000 });
    registry.fault({ path, times: 1 }, { kind: 'whole' });
    assert.equal(await world.says(['run', `${registry.host}/whole:1`, '--', 'wc', '-c', '/noise']), '3000000 /noise');
  },
);

test('a pull that was cut off goes on where it stopped', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const image = registry.serve('cut:1', { layers: [busyboxTar(), noise('noise', 3_000_000)] });
  const path = `/blobs/${image.layers.at(-1)?.digest}`;
  registry.fault({ path }, { kind: 'status', status: 403 });
  const refused = await world.sandbox(['pull', `${registry.host}/cut:1`]);
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /403/);
  await assertNothingShown(world);
  registry.clearFaults();
  const before = blobRequests(world).length;
  await world.says(['pull', `${registry.host}/cut:1`]);
  // The base was complete already, and so was the config.
  assert.deepEqual(
    blobRequests(world)
      .slice(before)
      .map((request) => request.path.endsWith(path)),
    [true],
  );
});

test('what the digest of a blob does not cover is never shown', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const image = registry.serve('corrupt:1', { layers: [busyboxTar(), noise('noise', 300_000)] });
  const { digest = '' } = image.layers.at(-1) ?? {};
  registry.fault({ path: `/blobs/${digest}` }, { kind: 'corrupt', at: 100_000 });
  const { status, stderr } = await world.sandbox(['run', `${registry.host}/corrupt:1`, '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, new RegExp(digest));
  await assertNothingShown(world);
  assert.equal(existsSync(`${storeOf(world)}/images/blobs/${digest.replace(':', '/')}`), false);
  // What was damaged on the way is not kept for the next time.
  registry.clearFaults();
  await world.says(['run', `${registry.host}/corrupt:1`, '--', 'true']);
});

test('a layer with other content than the config says is refused by its diff id', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const lie = `sha256:${'0'.repeat(64)}`;
  registry.serve('lie:1', { layers: [busyboxTar()], override: { diffIds: [lie] } });
  const { status, stderr } = await world.sandbox(['run', `${registry.host}/lie:1`, '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /0{64}/);
  await assertNothingShown(world);
});

test('a decompression bomb ends at the limit, which can be configured', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const bomb = gzipSync(archive([{ name: 'bomb', data: Buffer.alloc(80 * 2 ** 20) }]));
  registry.serve('bomb:1', { layers: [busyboxTar(), bomb] });
  const config = `${world.env.XDG_CONFIG_HOME}/sandbox/config.toml`;
  writeFileSync(config, '[images]\nunpack-limit = "64m"\n');
  const { status, stderr } = await world.sandbox(['pull', `${registry.host}/bomb:1`]);
  assert.equal(status, 125);
  assert.match(stderr, /67108864 bytes[\s\S]*unpack-limit/);
  await assertNothingShown(world);
  writeFileSync(config, '[images]\nunpack-limit = "100m"\n');
  await world.says(['pull', `${registry.host}/bomb:1`]);
});

/** Pids of the children of a process, with those that have ended and nobody asked after. */
function childrenOf(parent: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        // After the name in brackets: state, parent; proc_pid_stat(5).
        const [, ppid] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
        return Number(ppid) === parent;
      } catch {
        return false;
      }
    });
}

test('who pulled and became the sandbox has no other child, and no zombie', withBusybox, async (t) => {
  const world = await imageWorld(t);
  world.serve('zombie:1');
  const held = await hold(t, world.user, world, ['run', '-q', `${world.registry.host}/zombie:1`]);
  const monitor = held.process.pid ?? 0;
  await eventually('the unpacker to be gone', () => childrenOf(monitor).length === 1);
  // What was unpacked is on the disk soon, though nobody waits for it.
  const layers = `${storeOf(world)}/layers`;
  const unsynced = () =>
    readdirSync(layers, { recursive: true, encoding: 'utf8' }).filter((path) => /unsynced$/.test(path));
  await eventually('the layers to be synced', () => unsynced().length === 0);
  assert.equal(childrenOf(monitor).length, 1);
  assert.equal(await held.end(), 0);
});

test('what unpacks has no network, no credentials, and no right over the host', rootOnly, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const image = registry.serve('slow:1', { layers: [busyboxTar(), noise('noise', 1_000_000)] });
  const path = `/blobs/${image.layers.at(-1)?.digest}`;
  registry.fault({ path }, { kind: 'slow', bytes: 50_000, milliseconds: 200 });
  const env = { REGISTRY_AUTH_FILE: '/nonexistent/secret', TOKEN: 'secret' };
  const pull = world.sandbox(['pull', `${registry.host}/slow:1`], { env });
  const unpackers = () =>
    supervisors(storeOf(world)).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('__unpack'));
  await eventually('the unpacker to work', () => unpackers().length > 0);
  const [pid] = unpackers();
  const namespace = (of: number | string | undefined, name: string) => readlinkSync(`/proc/${of}/ns/${name}`);
  for (const name of ['user', 'net']) assert.notEqual(namespace(pid, name), namespace('self', name));
  assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'latin1'), /secret/);
  assert.equal((await pull).status, 0);
});

test('an image whose config names another number of layers is refused', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  registry.serve('count:1', { layers: [busyboxTar()], override: { diffIds: [] } });
  const { status, stderr } = await world.sandbox(['pull', `${registry.host}/count:1`]);
  assert.equal(status, 125);
  assert.match(stderr, /1 layers?, and its config names 0/);
});

test('one layer twice in an image, and an empty one, are no hindrance', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const empty = gzipSync(archive([]));
  const above = gzipSync(fileLayer('above', 'one\n').tar);
  const other = gzipSync(archive([{ name: '.wh.above' }, { name: 'other', data: 'two\n' }]));
  registry.serve('double:1', { layers: [busyboxTar(), empty, above, empty, other, above] });
  assert.equal(await world.says(['run', `${registry.host}/double:1`, '--', 'cat', '/above', '/other']), 'one\ntwo');
});

test('a layer that relies on those below it is another one above others', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  const relying = gzipSync(archive([{ name: 'shared/file', data: 'file\n' }]));
  const base = (mode: number) => gzipSync(archive([{ name: 'shared/', kind: 'directory', mode, uid: mode & 7 }]));
  registry.serve('first:1', { layers: [busyboxTar(), base(0o751), relying] });
  registry.serve('second:1', { layers: [busyboxTar(), base(0o1777), relying] });
  registry.serve('lowest:1', { layers: [relying, busyboxTar()] });
  const modes: string[] = [];
  for (const name of ['lowest:1', 'first:1', 'second:1'])
    modes.push(await world.says(['run', `${registry.host}/${name}`, '--', 'stat', '-c', '%a %u', '/shared']));
  assert.deepEqual(modes, ['755 0', '751 1', '1777 7']);
});

test('without a network, what is here is enough, and what is not is said', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  world.serve('here:1');
  await world.says(['pull', `${registry.host}/here:1`]);
  await registry.close();
  await world.says(['run', `${registry.host}/here:1`, '--', 'true']);
  const { status, stderr } = await world.sandbox(['run', `${registry.host}/gone:1`, '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /ECONNREFUSED/);
});

test('a layer that was lost is unpacked again from its blob, without a network', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { registry } = world;
  world.serve('lost:1');
  await world.says(['pull', `${registry.host}/lost:1`]);
  await registry.close();
  // Moved, for files of subordinate ids can only be removed inside.
  const layers = `${storeOf(world)}/layers`;
  const key = readdirSync(layers).find((name) => name !== '.work') ?? '';
  renameSync(`${layers}/${key}`, `${storeOf(world)}/trash/${key}`);
  await world.says(['run', `${registry.host}/lost:1`, '--', 'true']);
  assert.ok(statSync(`${layers}/${key}`).isDirectory());
});

test('an image of one id mapping is unpacked again for another', rootOnly, async (t) => {
  const world = await imageWorld(t);
  const { registry, user, env, cwd } = world;
  const name = `${registry.host}/both:1`;
  world.serve('both:1');
  await world.says(['run', name, '--', 'true']);
  const requests = registry.requests.length;
  const hide = 'mount --bind /dev/null /etc/subuid && mount --bind /dev/null /etc/subgid && exec setpriv "$@"';
  const account = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', user.sandbox];
  const words = [...account, 'run', name, '--', 'stat', '-c', '%u', '/home/app'];
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', hide, 'sh', ...words], {
    cwd,
    env: { ...env, PATH: process.env.PATH, HOME: user.home, USER: user.name },
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([status, stdout], [0, '0\n'], stderr);
  assert.equal(registry.requests.length, requests);
  assert.equal(readdirSync(`${storeOf(world)}/layers`).filter((each) => each !== '.work').length, 2);
});
