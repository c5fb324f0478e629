import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { needsRegistry, testRegistry } from '../../support/registry/registry.ts';
import { runAs, type TestUser } from '../../support/user.ts';
import { account, eventually, ordinary } from '../support/inside.ts';
import { freshStore, onStore } from './support/store.ts';
import { AS_ROOT } from './support/umoci.ts';

const skip = ordinary.skip || needs('unshare', 'newuidmap');

/** Waits until what was unpacked is on the disk: a process of its own sees to that, and removes the marks. */
async function synced(store: string): Promise<void> {
  await eventually('the layers are synced', () => globSync(`${store}/layers/*/*/unsynced`).length === 0);
}

/** What a directory takes on the disk, in kilobytes: blocks, hard links once. */
async function kilobytes(user: TestUser, path: string): Promise<number> {
  const { status, stdout, stderr } = await runAs(user, [...AS_ROOT, 'du', '-sk', path]);
  assert.equal(status, 0, stderr);
  return Number.parseInt(stdout, 10);
}

test('sandboxes share all layers, and keep their own changes', {
  skip: skip || needsRegistry('debian:bookworm'),
}, async (t) => {
  const user = account();
  const { images } = await testRegistry(t, 'debian:bookworm');
  const [image = ''] = images;
  const store = freshStore(t, user);
  await onStore(store, ['image', 'pull', image]);
  await synced(store.path);
  const before = await kilobytes(user, store.path);
  assert.ok(before > 100_000, 'the image is there');
  const open = (name: string, script: string, ...from: readonly string[]) =>
    onStore(store, ['shell', '--name', name, '--workspace', 'none', ...from, '--', 'sh', '-c', script]);
  const change = 'rm /etc/debian_version; echo changed >> /etc/issue; chown 1000:50 /etc/issue; echo $0 > /root/new';
  for (const name of ['one', 'two']) await open(name, change, image);
  const grown = (await kilobytes(user, store.path)) - before;
  assert.ok(grown <= 1024, `two sandboxes take ${grown} kB`);
  for (const name of ['one', 'two']) {
    const look =
      'tail -n 1 /etc/issue; stat -c %u:%g /etc/issue; test -e /etc/debian_version || echo gone; cat /root/new';
    assert.equal(await open(name, look), 'changed\n1000:50\ngone\nsh\n');
    await open(name, `echo ${name} > /root/new`);
  }
  assert.equal(await open('one', 'cat /root/new'), 'one\n');
  const fresh = [
    'run',
    '--workspace',
    'none',
    image,
    '--',
    'sh',
    '-c',
    'ls /root; cat /etc/debian_version; stat -c %u:%g /etc/issue',
  ];
  assert.match(await onStore(store, fresh), /^\d+\.\d+\n0:0\n$/);
});
