import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { SPARSE } from '../../support/registry/nasty-layers.ts';
import { CAP_NET_RAW } from '../../support/registry/odd-layer.ts';
import { needsRegistry, testRegistry } from '../../support/registry/registry.ts';
import { listTree } from '../../support/tree.ts';
import { account, ordinary } from '../support/inside.ts';
import { treeInside } from './support/open.ts';
import { freshStore, onStore } from './support/store.ts';

const skip = ordinary.skip || needs('python3', 'nsenter', 'unshare', 'newuidmap');
const command = ['/bin/busybox', 'cat'];

test('old sparse files, far times, devices', { skip: skip || needsRegistry('beyond:1') }, async (t) => {
  const { images } = await testRegistry(t, 'beyond:1');
  const store = freshStore(t, account());
  await onStore(store, ['image', 'pull', ...images]);
  const { tree } = await treeInside(account(), { ...store, command }, ['--pull', 'never', ...images]);

  const whole = Buffer.alloc(SPARSE.size);
  for (const { offset, data } of SPARSE.pieces) whole.write(data, offset);
  const sparse = tree.get('/sparse');
  assert.deepEqual(
    [sparse?.kind, sparse?.size, sparse?.content],
    ['file', SPARSE.size, createHash('sha256').update(whole).digest('hex')],
  );
  assert.equal(tree.get('/year-2286')?.mtime, '9999999999000000000');
  // An ordinary user makes no devices: an empty file that nobody may open by its mode has the place.
  for (const [path, owner] of [
    ['/null', [20, 21]],
    ['/disk', [0, 0]],
    ['/zero', [0, 0]],
  ] as const) {
    const found = tree.get(path);
    assert.deepEqual([found?.kind, found?.size, found?.mode, found?.owner], ['file', 0, 0, owner], path);
  }
});

test('sparse files are sparse on the disk', { skip: skip || needsRegistry('nasty:1', 'beyond:1') }, async (t) => {
  const { images } = await testRegistry(t, 'nasty:1', 'beyond:1');
  const store = freshStore(t, account());
  const blocks: number[] = [];
  for (const image of images) {
    const { tree } = await treeInside(account(), { ...store, command }, [image]);
    for (const [path, entry] of tree)
      if (/^\/sparse(\/|$)/.test(path) && entry.kind === 'file') blocks.push(entry.blocks ?? 0);
  }
  assert.equal(blocks.length, 5);
  // Of 512 bytes; the data is 75 kB, a file system has blocks of up to 64 kB.
  for (const each of blocks) assert.ok(each * 512 <= 4 * 65_536, `${each} blocks`);
});

test('directories without an entry of their own are as the layer below says', {
  skip: skip || needsRegistry('nasty:1'),
}, async (t) => {
  const { images } = await testRegistry(t, 'nasty:1');
  const store = freshStore(t, account());
  const { tree } = await treeInside(account(), { ...store, command }, images);
  const facts = ['/implied', '/implied/inner', '/nowhere', '/nowhere/at'].map((path) => {
    const { mode, owner, mtime, xattrs } = tree.get(path) ?? {};
    return { path, mode, owner, xattrs, ...(path.startsWith('/implied') ? { mtime } : {}) };
  });
  assert.deepEqual(facts, [
    {
      path: '/implied',
      mode: 0o2750,
      owner: [7, 8],
      xattrs: { 'user.implied': Buffer.from('lower').toString('hex') },
      mtime: '1500000000250000000',
    },
    { path: '/implied/inner', mode: 0o1777, owner: [9, 10], xattrs: {}, mtime: '1400000000000000000' },
    { path: '/nowhere', mode: 0o755, owner: [0, 0], xattrs: {} },
    { path: '/nowhere/at', mode: 0o755, owner: [0, 0], xattrs: {} },
  ]);
});

test('capabilities are good in the namespace of the account alone', {
  skip: skip || needsRegistry('nasty:1'),
}, async (t) => {
  const user = account();
  const { images } = await testRegistry(t, 'nasty:1');
  const store = freshStore(t, user);
  await onStore(store, ['image', 'pull', ...images]);
  const found = globSync(`${store.path}/layers/*/*/tree/links`);
  const holds = await Promise.all(
    found.map(async (path) =>
      (await listTree(user, [], path, ['/lower', '/to-lower', '/to-lower-too'])).get('/with-capability'),
    ),
  );
  const [file, ...more] = holds.filter((entry) => entry !== undefined);
  assert.deepEqual(more, []);
  // Revision 3 is revision 2 with the id of the namespace's root, seen from outside; capabilities(7).
  const expected = Buffer.concat([CAP_NET_RAW, Buffer.alloc(4)]);
  expected.writeUInt32LE(0x0300_0001, 0);
  expected.writeUInt32LE(user.uid, 20);
  // The effective bit is as the layer has it.
  expected.writeUInt32LE(0x0300_0000 | (Buffer.from(CAP_NET_RAW).readUInt32LE(0) & 1), 0);
  assert.equal(file?.xattrs['security.capability'], expected.toString('hex'));
});
