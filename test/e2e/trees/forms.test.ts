import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { needs } from '../../packages.ts';
import type { ImageName } from '../../support/registry/place.ts';
import { needsRegistry, testRegistry } from '../../support/registry/registry.ts';
import { differences, type Tree } from '../../support/tree.ts';
import { account, ordinary } from '../support/inside.ts';
import { treeInside } from './support/open.ts';
import { freshStore, onStore } from './support/store.ts';

const skip = ordinary.skip || needs('python3', 'nsenter', 'unshare', 'newuidmap');

/** Pulls an image into a store of its own, since one that is there already has the layers of its other forms. */
async function pulled(
  t: TestContext,
  name: string,
  command: readonly string[],
  words: readonly string[] = [],
): Promise<{ tree: Tree; mountPoints: readonly string[] }> {
  const store = freshStore(t, account());
  await onStore(store, ['image', 'pull', ...words, name]);
  return await treeInside(account(), { ...store, command }, [...words, '--pull', 'never', name]);
}

/** The media types of an image's layers, as the registry says them. */
async function layerTypes(name: string): Promise<string[]> {
  const [host, path] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)];
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const answer = await fetch(`http://${host}/v2/${path.replace(':', '/manifests/')}`, { headers: { accept } });
  const { layers }: { layers: { mediaType: string }[] } = JSON.parse(await answer.text());
  return [...new Set(layers.map(({ mediaType }) => mediaType))];
}

function isSame(form: { tree: Tree; mountPoints: readonly string[] }, { tree, mountPoints }: typeof form): void {
  // What the making of mount points did to both trees is not of the image.
  assert.deepEqual(differences(form.tree, tree, { mountPoints }), []);
  assert.ok(tree.size > 50);
}

test('zstd and Docker schema 2: the same tree', { skip: skip || needsRegistry('nasty:1') }, async (t) => {
  const names: readonly ImageName[] = ['nasty:1', 'nasty:1-zstd', 'nasty:1-docker'];
  const { images } = await testRegistry(t, ...names);
  assert.deepEqual((await Promise.all(images.map(layerTypes))).flat(), [
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
  ]);
  const command = ['/bin/busybox', 'cat'];
  const [gzip, ...others] = await Promise.all(images.map((name) => pulled(t, name, command)));
  assert.ok(gzip !== undefined && others.length === 2);
  for (const other of others) isSame(other, gzip);
});

test('an index: the platform of this machine, or the one asked for', {
  skip: skip || needsRegistry('multi:1'),
}, async (t) => {
  const { images } = await testRegistry(t, 'multi:1');
  const [name = ''] = images;
  const store = freshStore(t, account());
  const header = ['run', '--network', 'none', '--workspace', 'none', '--pull', 'missing'];
  // e_machine of the ELF header: 62 is x86-64, 183 is aarch64; elf(5).
  const script = ['--', 'od', '-A', 'n', '-t', 'u2', '-j', '18', '-N', '2', '/bin/busybox'];
  const own = await onStore(store, [...header, name, ...script]);
  assert.equal(own.trim(), process.arch === 'x64' ? '62' : '183');
  const [platform, architecture] = process.arch === 'x64' ? ['linux/arm64', 'arm64'] : ['linux/amd64', 'amd64'];
  await onStore(store, ['image', 'pull', '--platform', platform, name]);
  const inspected = await onStore(store, ['image', 'inspect', name]);
  assert.match(inspected, new RegExp(`"architecture": ?"${architecture}"`));
});

test('an index without the platform that is asked for', { skip: skip || needsRegistry('multi:1') }, async (t) => {
  const { images } = await testRegistry(t, 'multi:1');
  const store = freshStore(t, account());
  await assert.rejects(
    onStore(store, ['image', 'pull', '--platform', 'linux/s390x', images[0] ?? '']),
    /s390x[\s\S]*linux\/(amd64|arm64)/,
  );
});
