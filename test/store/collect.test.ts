import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import { blobPath, hasBlob, writeBlob } from '../../src/store/blobs.ts';
import { collect } from '../../src/store/collect.ts';
import { type Digest, digestOf } from '../../src/store/digest.ts';
import { readImages, setImage } from '../../src/store/images.ts';
import { newWork } from '../../src/store/layer-work.ts';
import { lockStore } from '../../src/store/lock.ts';
import { lockPartial } from '../../src/store/partials.ts';
import { fileLayer, imageOf, layerBlob, MANIFEST, type SmallImage } from '../support/image-archive.ts';
import { emptyStore } from './directory.ts';

const KEY = 'ids-today';
const DAY = 24 * 3600_000;

/** A layer's directory as unpacking leaves it. */
function unpacked(store: string, name: string, key = KEY): string {
  const path = `${store}/layers/${key}/${name}`;
  mkdirSync(`${path}/tree`, { recursive: true });
  writeFileSync(`${path}/layer.json`, '{}');
  return path;
}

interface Installed {
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly layers: readonly string[];
  readonly manifest: Digest;
}

async function install(store: string, image: SmallImage, names: readonly string[]): Promise<Installed> {
  const blobs = [image.manifest, image.config, ...image.layers.map(layerBlob)].map((bytes) => ({
    digest: writeBlob(store, bytes),
    size: bytes.length,
  }));
  const manifest = { mediaType: MANIFEST, digest: digestOf(image.manifest), size: image.manifest.length };
  const platform = { os: 'linux', architecture: 'amd64' };
  for (const name of names) await setImage(store, { name, manifest, platform, pulled: '2026-01-01T00:00:00Z' });
  const layers = image.layers.map(({ tar }) => unpacked(store, digestOf(tar).slice(7)));
  return { blobs, layers, manifest: manifest.digest };
}

function sandboxOn(store: string, { layers, manifest }: Installed, shelf: 'sandboxes' | 'runs' = 'sandboxes'): string {
  const path = `${store}/${shelf}/box`;
  mkdirSync(path, { recursive: true });
  const rootfs = { kind: 'image', name: 'x', manifest, layers: layers.map((layer) => `${layer}/tree`) };
  writeFileSync(
    `${path}/spec.json`,
    JSON.stringify({ version: 1, rootfs, workspace: {}, network: 'none', command: [] }),
  );
  return path;
}

const gc = (store: string, { all = false } = {}) => collect(store, { all, key: KEY, patience: 1000 });
const small = (label: string) => imageOf([fileLayer('base', 'base'), fileLayer(label, label)], { label });

describe('garbage collection', () => {
  it('keeps everything of images in the list, and takes the rest', async (t) => {
    const store = emptyStore(t);
    const kept = await install(store, small('kept'), ['kept:1', 'kept:2']);
    const lost = await install(store, small('lost'), []);
    const { blobs, layers } = await gc(store);
    for (const blob of kept.blobs) assert(hasBlob(store, blob));
    for (const layer of kept.layers) assert(existsSync(`${layer}/tree`));
    // The base is shared.
    const own = lost.blobs.filter(({ digest }) => !kept.blobs.some((blob) => blob.digest === digest));
    assert.equal(own.length, 3);
    for (const blob of own) assert(!hasBlob(store, blob));
    assert.equal(blobs.count, 3);
    assert.deepEqual(layers.length, 1);
    assert(!existsSync(lost.layers[1] ?? ''));
    assert.equal(readdirSync(`${store}/trash`).length, 1);
    assert.equal(readImages(store).length, 2);
  });

  for (const shelf of ['sandboxes', 'runs'] as const) {
    it(`keeps what a sandbox of ${shelf} stands on, though its image has no name`, async (t) => {
      const store = emptyStore(t);
      const used = await install(store, small('used'), []);
      sandboxOn(store, used, shelf);
      await gc(store, { all: true });
      for (const blob of used.blobs) assert(hasBlob(store, blob));
      for (const layer of used.layers) assert(existsSync(`${layer}/tree`));
      rmSync(`${store}/${shelf}/box`, { recursive: true });
      await gc(store);
      for (const blob of used.blobs) assert(!hasBlob(store, blob));
      assert.deepEqual(readdirSync(`${store}/layers`), ['.work']);
    });
  }

  it('keeps all layers while a sandbox is being made that does not say yet what it stands on', async (t) => {
    const store = emptyStore(t);
    const lost = await install(store, small('lost'), []);
    mkdirSync(`${store}/sandboxes/new`);
    await gc(store);
    for (const layer of lost.layers) assert(existsSync(`${layer}/tree`));
    assert.deepEqual(readdirSync(`${store}/trash`), []);
    rmSync(`${store}/sandboxes/new`, { recursive: true });
    await gc(store);
    for (const layer of lost.layers) assert(!existsSync(layer));
  });

  it('takes the layers of another id mapping, unless a sandbox stands on them', async (t) => {
    const store = emptyStore(t);
    const image = await install(store, small('kept'), ['kept:1']);
    const name = image.layers[0]?.split('/').at(-1) ?? '';
    const used = unpacked(store, name, 'ids-before');
    const unused = unpacked(store, name, 'single');
    sandboxOn(store, { ...image, layers: [used] });
    await gc(store);
    assert(existsSync(`${used}/tree`));
    assert(!existsSync(unused));
    assert(!existsSync(`${store}/layers/single`));
  });

  it('takes layers that a power cut may have damaged, and flushes those of this boot', async (t) => {
    const store = emptyStore(t);
    const image = await install(store, small('kept'), ['kept:1']);
    const [lower = '', upper = ''] = image.layers;
    writeFileSync(`${lower}/unsynced`, 'another boot\n');
    const { bootId } = await import('../../src/store/layers.ts');
    writeFileSync(`${upper}/unsynced`, `${bootId()}\n`);
    await gc(store);
    assert(!existsSync(lower));
    assert(existsSync(`${upper}/tree`));
    assert(!existsSync(`${upper}/unsynced`));
  });

  it('takes interrupted downloads after a day, or all of them, but none that goes on', async (t) => {
    const store = emptyStore(t);
    const make = (text: string, age: number): string => {
      const path = `${store}/images/partial/sha256-${digestOf(Buffer.from(text)).slice(7)}`;
      writeFileSync(path, text);
      const time = (Date.now() - age) / 1000;
      utimesSync(path, time, time);
      return path;
    };
    const old = make('old', DAY + 1000);
    const young = make('young', DAY - 100_000);
    const going = await lockPartial(store, { digest: digestOf(Buffer.from('going')), size: 5 });
    assert(going);
    utimesSync(going.path, 0, 0);
    assert.equal((await gc(store)).partials.count, 1);
    assert.deepEqual([old, young, going.path].map(existsSync), [false, true, true]);
    assert.equal((await gc(store, { all: true })).partials.count, 1);
    assert.deepEqual([young, going.path].map(existsSync), [false, true]);
    going.release();
  });

  it('takes what killed processes left: half-written files, work that nobody does', async (t) => {
    const store = emptyStore(t);
    const kept = await install(store, small('kept'), ['kept:1']);
    writeFileSync(`${store}/images/index.json.1-x-1.tmp`, '{"schemaVersion":2,"mani');
    writeFileSync(`${store}/images/partial/blob.1-x-1.tmp`, 'half');
    const abandoned = newWork(store);
    abandoned.release();
    mkdirSync(`${store}/layers/.work/unlocked`);
    const going = newWork(store);
    const { asides, work } = await gc(store);
    assert.equal(asides.count, 2);
    assert.equal(work.length, 2);
    assert.deepEqual(readdirSync(`${store}/layers/.work`), [going.path.split('/').at(-1)]);
    assert(!existsSync(`${store}/images/index.json.1-x-1.tmp`));
    assert.deepEqual(readdirSync(`${store}/images/partial`), []);
    for (const blob of kept.blobs) assert(hasBlob(store, blob));
    going.release();
  });

  it('puts layers back that a killed collection had taken out of their places', async (t) => {
    const store = emptyStore(t);
    const kept = await install(store, small('kept'), ['kept:1']);
    const used = await install(store, small('used'), []);
    const lost = await install(store, small('lost'), []);
    sandboxOn(store, used);
    const all = [...new Set([...kept.layers, ...used.layers, ...lost.layers])];
    for (const layer of all) {
      renameSync(layer, `${store}/layers/.work/leaving:${KEY}:${layer.split('/').at(-1)}`);
    }
    await gc(store);
    for (const layer of [...kept.layers, ...used.layers]) assert(existsSync(`${layer}/tree`));
    assert(!existsSync(lost.layers[1] ?? ''));
    assert.deepEqual(readdirSync(`${store}/layers/.work`), []);
    assert.equal(readdirSync(`${store}/trash`).length, 1);
  });

  it('takes old launchers, or all', async (t) => {
    const store = emptyStore(t);
    mkdirSync(`${store}/launchers`);
    for (const [name, age] of [
      ['old', 31 * DAY],
      ['young', DAY],
      ['old.1.tmp', 2 * 3600_000],
    ] as const) {
      const path = `${store}/launchers/${name}`;
      writeFileSync(path, name);
      const time = (Date.now() - age) / 1000;
      utimesSync(path, time, time);
    }
    await gc(store);
    assert.deepEqual(readdirSync(`${store}/launchers`), ['young']);
    await gc(store, { all: true });
    assert.deepEqual(readdirSync(`${store}/launchers`), []);
  });

  it('removes nothing where the list of images is damaged', async (t) => {
    const store = emptyStore(t);
    const image = await install(store, small('kept'), ['kept:1']);
    truncateSync(`${store}/images/index.json`, 100);
    await assert.rejects(gc(store, { all: true }), { code: 'CORRUPT' });
    for (const blob of image.blobs) assert(hasBlob(store, blob));
    for (const layer of image.layers) assert(existsSync(`${layer}/tree`));
  });

  it('removes no blob and no layer while an image does not tell what it needs, and names the image', async (t) => {
    const store = emptyStore(t);
    const image = await install(store, small('hurt'), ['hurt:1']);
    const lost = await install(store, small('lost'), []);
    rmSync(blobPath(store, image.blobs[1]?.digest ?? 'sha256:'));
    const { damaged, blobs, layers } = await gc(store);
    assert.deepEqual([damaged, blobs.count, layers.length], [['hurt:1'], 0, 0]);
    for (const layer of [...image.layers, ...lost.layers]) assert(existsSync(`${layer}/tree`));
  });

  it('waits for who adds to the images', async (t) => {
    const store = emptyStore(t);
    const lost = await install(store, small('lost'), []);
    const lock = await lockStore(store, 'shared');
    await assert.rejects(collect(store, { all: true, key: KEY, patience: 50 }), { code: 'LOCKED' });
    for (const blob of lost.blobs) assert(hasBlob(store, blob));
    lock.release();
    await gc(store);
    for (const blob of lost.blobs) assert(!hasBlob(store, blob));
  });
});
