import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeSpec } from '../../src/plan/describe-spec.ts';
import type { RootFs, Spec } from '../../src/plan/spec.ts';
import { storageDriver } from '../../src/sandbox/driver.ts';
import { asMade, keptChanges, keptSandbox } from '../../src/sandbox/kept.ts';
import { resolveUser } from '../../src/sandbox/user.ts';
import { imageInput } from '../plan/inputs.ts';

type Image = Extract<RootFs, { kind: 'image' }>;

/** A store with the kept sandbox `dev` of an image with two layers, which are there. */
function kept(t: TestContext, driver: Parameters<typeof imageInput>[0] = {}) {
  const store = mkdtempSync('/tmp/kept-');
  t.after(() => rmSync(store, { recursive: true }));
  const layers = ['b', 'a'].map((name) => `${store}/layers/${name}/tree`);
  for (const path of layers) mkdirSync(path, { recursive: true });
  const rootfs: Image = { kind: 'image', name: 'docker.io/library/debian:bookworm', manifest: 'sha256:1', layers };
  const input = imageInput({ ...driver, spec: { rootfs, lifetime: { kind: 'named', name: 'dev' }, ...driver.spec } });
  mkdirSync(`${store}/sandboxes/dev`, { recursive: true });
  writeFileSync(`${store}/sandboxes/dev/spec.json`, describeSpec(input));
  return { store, rootfs, spec: input.spec, facts: { ...input.facts, store } };
}

const COPY = { driver: { kind: 'copy', helper: ['sandbox', '__copy'] } } as const;

test('a kept sandbox is opened with the layers it was made on, whatever the tag means by now', (t) => {
  const { store, rootfs, spec } = kept(t);
  const today: Spec = { ...spec, rootfs: { ...rootfs, manifest: 'sha256:2', layers: ['/elsewhere'] } };
  assert.deepEqual(asMade(today, store), { ...spec, storageDriver: 'native' });
  assert.deepEqual(keptSandbox(store, 'dev'), { rootfs, storageDriver: 'native', profile: 'dev' });
});

test('another image, a directory or the host is refused, and so is another storage driver', (t) => {
  const { store, rootfs, spec } = kept(t, COPY);
  const others: RootFs[] = [
    { ...rootfs, name: 'docker.io/library/alpine:latest', manifest: 'sha256:2' },
    { kind: 'directory', path: '/srv/root' },
    { kind: 'host' },
  ];
  for (const other of others) {
    assert.throws(() => asMade({ ...spec, rootfs: other }, store), {
      code: 'MISMATCH',
      message: 'the sandbox dev was made on the image docker.io/library/debian:bookworm',
    });
  }
  assert.throws(() => asMade({ ...spec, storageDriver: 'native' }, store), {
    code: 'MISMATCH',
    message: /driver copy/,
  });
  assert.equal(asMade(spec, store).storageDriver, 'copy');
});

test('a workspace that is copied on write is opened again with the directory that its changes are of', (t) => {
  const path = mkdtempSync('/tmp/workspace-');
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const { store, spec } = kept(t, { spec: { workspace: { kind: 'cow', path } } });
  const told: string[] = [];
  const note = (line: string) => void told.push(line);
  const elsewhere: Spec = { ...spec, workspace: { kind: 'rw', path: '/elsewhere' } };
  assert.deepEqual(asMade(elsewhere, store, { note }).workspace, { kind: 'cow', path });
  assert.equal(told.length, 1);
  for (const workspace of ['rw', 'ro', 'none'] as const) {
    assert.throws(() => asMade(elsewhere, store, { workspace }), { code: 'MISMATCH', message: /--workspace cow/ });
  }
  assert.throws(
    () => asMade({ ...spec, workspace: { kind: 'cow', path: '/elsewhere' } }, store, { workspace: 'cow' }),
    {
      code: 'MISMATCH',
    },
  );
  rmSync(path, { recursive: true });
  assert.throws(() => asMade(spec, store), { code: 'MISMATCH', message: /is gone/ });
});

test('a layer that is gone is named', (t) => {
  const { store, rootfs, spec } = kept(t);
  const [first = ''] = rootfs.layers;
  rmSync(first, { recursive: true });
  assert.throws(() => asMade(spec, store), {
    code: 'LAYERS_GONE',
    message: `the sandbox dev stands on a layer of docker.io/library/debian:bookworm that is gone: ${first}`,
  });
});

test('one that does not exist, and one that is gone with its command, is as it is asked for', (t) => {
  const { store, spec } = kept(t);
  const fresh: Spec = { ...spec, lifetime: { kind: 'named', name: 'other' } };
  assert.equal(asMade(fresh, store), fresh);
  const run: Spec = { ...spec, lifetime: { kind: 'ephemeral' } };
  assert.equal(asMade(run, store), run);
});

test('users are those of the image, and of what was changed in it', (t) => {
  const { store, rootfs, spec, facts } = kept(t);
  mkdirSync(`${rootfs.layers[1]}/etc`);
  writeFileSync(`${rootfs.layers[1]}/etc/passwd`, 'app:x:1000:50::/:/bin/sh\n');
  writeFileSync(`${rootfs.layers[1]}/etc/group`, 'staff:x:51:\n');
  const named = (user: string, group?: string): Spec => ({
    ...spec,
    user: { kind: 'name', user, ...(group === undefined ? {} : { group }) },
  });
  assert.deepEqual(resolveUser(named('app'), facts), { uid: 1000, gid: 50 });
  assert.deepEqual(resolveUser(named('app', 'staff'), facts), { uid: 1000, gid: 51 });
  assert.throws(() => resolveUser(named('added'), facts), { code: 'NO_USER' });
  mkdirSync(`${store}/sandboxes/dev/upper/etc`, { recursive: true });
  writeFileSync(`${store}/sandboxes/dev/upper/etc/passwd`, 'added:x:7:8::/:/bin/sh\n');
  assert.deepEqual(resolveUser(named('added'), facts), { uid: 7, gid: 8 });
});

test('an image with more layers than an overlay takes can only be copied', async (t) => {
  const { rootfs, spec, facts } = kept(t);
  const layers = Array.from({ length: 501 }, (_, number) => `/layer/${number}`);
  const many: Spec = { ...spec, rootfs: { ...rootfs, layers } };
  await assert.rejects(storageDriver({ ...many, storageDriver: 'native' }, facts), {
    code: 'TOO_MANY_LAYERS',
    message: 'the image has 501 layers, and an overlay takes 500',
  });
  assert.equal((await storageDriver({ ...many, storageDriver: 'copy' }, facts)).kind, 'copy');
});

test('what was found before is what is used', async (t) => {
  const { spec, facts } = kept(t);
  const program = '/usr/bin/fuse-overlayfs';
  const reason = 'refused';
  assert.deepEqual(await storageDriver(spec, { ...facts, overlay: { kind: 'native' } }), { kind: 'native' });
  assert.deepEqual(await storageDriver(spec, { ...facts, overlay: { kind: 'fuse', program, reason } }), {
    kind: 'fuse-overlayfs',
    program,
  });
  assert.equal((await storageDriver(spec, { ...facts, overlay: { kind: 'copy', reason } })).kind, 'copy');
  await assert.rejects(storageDriver(spec, { ...facts, overlay: { kind: 'none', reason } }), { code: 'NO_OVERLAY' });
  const host: Spec = { ...spec, rootfs: { kind: 'host' } };
  assert.equal((await storageDriver(host, facts)).kind, 'native');
  await assert.rejects(storageDriver(host, { ...facts, overlay: { kind: 'copy', reason } }), { code: 'NO_OVERLAY' });
  await assert.rejects(storageDriver({ ...host, storageDriver: 'copy' }, facts), { code: 'NO_DRIVER' });
});

function storeWith(t: TestContext, rootfs: unknown): string {
  const store = mkdtempSync(join(tmpdir(), 'sandbox-kept-'));
  t.after(() => rmSync(store, { recursive: true }));
  mkdirSync(join(store, 'sandboxes/box'), { recursive: true });
  const spec = { version: 1, lifetime: { kind: 'named', name: 'box' }, workspace: { kind: 'none' }, network: 'host' };
  writeFileSync(
    join(store, 'sandboxes/box/spec.json'),
    JSON.stringify({ ...spec, hostname: 'box', command: [], rootfs }),
  );
  return store;
}

const rootOf = (store: string, name: string): unknown => keptSandbox(store, name)?.rootfs;

test('a kept sandbox says what it stands on', (t) => {
  const image = { kind: 'image', name: 'docker.io/library/debian:latest', manifest: 'sha256:1', layers: ['/b', '/a'] };
  for (const rootfs of [{ kind: 'host' }, { kind: 'directory', path: '/srv' }, image]) {
    assert.deepEqual(rootOf(storeWith(t, rootfs), 'box'), rootfs);
  }
  assert.equal(rootOf(storeWith(t, image), 'other'), undefined);
});

test('what a later version wrote is not taken for something else', (t) => {
  const unknown = [
    { kind: 'disk', path: '/x' },
    { kind: 'directory' },
    { kind: 'image', name: 'n', manifest: 'm' },
    { kind: 'image', name: 'n', manifest: 'm', layers: [1] },
    {},
  ];
  for (const rootfs of unknown) assert.equal(rootOf(storeWith(t, rootfs), 'box'), undefined);
});

test('its changes are in the upper layer, or all of it in a copy', (t) => {
  const store = storeWith(t, { kind: 'host' });
  assert.equal(keptChanges(store, 'box'), `${store}/sandboxes/box/upper`);
  mkdirSync(join(store, 'sandboxes/box/copy'));
  assert.equal(keptChanges(store, 'box'), `${store}/sandboxes/box/copy`);
});
