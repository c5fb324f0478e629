import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { writeBlob } from '../../src/store/blobs.ts';
import { digestOf } from '../../src/store/digest.ts';
import { readDanglingImages, readImages, setImage } from '../../src/store/images.ts';
import { pruneImages, removeImage } from '../../src/store/remove-image.ts';
import { fileLayer, imageOf, MANIFEST } from '../support/image-archive.ts';
import { emptyStore } from './directory.ts';

async function install(store: string, label: string, names: readonly string[]) {
  const { manifest: bytes, config } = imageOf([fileLayer('file', label)], { label });
  writeBlob(store, config);
  const manifest = { mediaType: MANIFEST, digest: writeBlob(store, bytes), size: bytes.length };
  const platform = { os: 'linux', architecture: 'amd64' };
  for (const name of names) await setImage(store, { name, manifest, platform, pulled: '2026-01-01T00:00:00Z' });
  return { manifest: manifest.digest, config: digestOf(config) };
}

function use(store: string, manifest: string, name = 'box'): void {
  mkdirSync(`${store}/sandboxes/${name}`);
  writeFileSync(
    `${store}/sandboxes/${name}/spec.json`,
    JSON.stringify({ rootfs: { kind: 'image', manifest, layers: [] } }),
  );
}

const names = (store: string) => readImages(store).map(({ name }) => name);

describe('removing an image', () => {
  it('takes its name, and the image with the last one', async (t) => {
    const store = emptyStore(t);
    const { manifest } = await install(store, 'a', ['a:1', 'a:2']);
    assert.deepEqual(await removeImage(store, 'a:1', { force: false }), { untagged: ['a:1'] });
    assert.deepEqual(await removeImage(store, 'a:2', { force: false }), { untagged: ['a:2'], deleted: manifest });
    assert.deepEqual(names(store), []);
    assert.deepEqual(readDanglingImages(store), []);
    await assert.rejects(removeImage(store, 'a:2', { force: true }), { code: 'NO_IMAGE' });
  });

  it('by its id, or the beginning of one: the manifest’s or the config’s', async (t) => {
    const store = emptyStore(t);
    for (const which of ['manifest', 'config'] as const) {
      const ids = await install(store, 'a', ['a:1']);
      await removeImage(store, ids[which].slice(7, 19), { force: false });
      await install(store, 'a', ['a:1']);
      await removeImage(store, ids[which], { force: false });
      assert.deepEqual(names(store), []);
    }
  });

  it('by its id only with force where it has several names', async (t) => {
    const store = emptyStore(t);
    const { manifest } = await install(store, 'a', ['a:1', 'a:2']);
    await assert.rejects(removeImage(store, manifest, { force: false }), { code: 'IN_USE', message: /a:1, a:2/ });
    assert.deepEqual((await removeImage(store, manifest, { force: true })).untagged, ['a:1', 'a:2']);
  });

  it('is refused while a sandbox stands on it, but not of one name of several', async (t) => {
    const store = emptyStore(t);
    const { manifest } = await install(store, 'a', ['a:1', 'a:2']);
    use(store, manifest);
    await removeImage(store, 'a:1', { force: false });
    await assert.rejects(removeImage(store, 'a:2', { force: false }), { code: 'IN_USE', hint: /sandbox rm box/ });
    assert.deepEqual(names(store), ['a:2']);
    assert.equal((await removeImage(store, 'a:2', { force: true })).deleted, manifest);
  });

  it('is refused for a beginning that is too short, or of several', async (t) => {
    const store = emptyStore(t);
    const { manifest } = await install(store, 'a', ['a:1']);
    await assert.rejects(removeImage(store, manifest.slice(7, 10), { force: false }), { code: 'NO_IMAGE' });
    await assert.rejects(removeImage(store, '../../etc/passwd', { force: true }), { code: 'NO_IMAGE' });
  });
});

describe('pruning images', () => {
  it('takes those without a name, unless a sandbox stands on them', async (t) => {
    const store = emptyStore(t);
    const old = await install(store, 'old', ['a:1']);
    const older = await install(store, 'older', ['b:1']);
    await install(store, 'new', ['a:1', 'b:1']);
    use(store, older.manifest);
    assert.deepEqual(await pruneImages(store, { all: false }), [{ untagged: [], deleted: old.manifest }]);
    assert.equal(readDanglingImages(store).length, 1);
    assert.deepEqual(await pruneImages(store, { all: false }), []);
  });

  it('takes with `all` every one that no sandbox stands on', async (t) => {
    const store = emptyStore(t);
    const used = await install(store, 'used', ['used:1']);
    const unused = await install(store, 'unused', ['unused:1', 'unused:2']);
    use(store, used.manifest);
    const expected = [{ untagged: ['unused:1', 'unused:2'], deleted: unused.manifest }];
    // One that is just being started may stand on any.
    mkdirSync(`${store}/sandboxes/new`);
    assert.deepEqual(await pruneImages(store, { all: true }), []);
    rmSync(`${store}/sandboxes/new`, { recursive: true });
    assert.deepEqual(await pruneImages(store, { all: true }), expected);
    assert.deepEqual(names(store), ['used:1']);
  });
});
