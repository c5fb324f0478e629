import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { StoredImage } from '../../src/store/image-index.ts';
import { addUnnamedImage, readDanglingImages, readImages, removeImageNames, setImage } from '../../src/store/images.ts';
import { emptyStore } from './directory.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

function image(name: string, hex: string): StoredImage {
  return {
    name,
    manifest: { mediaType: MANIFEST, digest: `sha256:${hex.repeat(64)}`, size: 10 },
    platform: { os: 'linux', architecture: 'amd64' },
    pulled: '2026-01-01T00:00:00.000Z',
  };
}

const DEBIAN = 'docker.io/library/debian:latest';

describe('the list of images', () => {
  it('has none where there is no store', () => {
    assert.deepEqual(readImages('/proc/nowhere'), []);
  });

  it('gives back what was set, whatever the image', async (t) => {
    const store = emptyStore(t);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: fc.string({ minLength: 1 }), hex: fc.constantFrom('a', 'b', 'c') })),
        async (wanted) => {
          rmSync(`${store}/images/index.json`, { force: true });
          for (const { name, hex } of wanted) await setImage(store, image(name, hex));
          const last = new Map(wanted.map(({ name, hex }) => [name, hex]));
          const found = new Map(readImages(store).map(({ name, manifest }) => [name, manifest.digest[7]]));
          assert.deepEqual([...found].sort(), [...last].sort());
          // No image that was ever there is lost: it has a name, or is dangling.
          const digests = new Set(
            [...readImages(store), ...readDanglingImages(store)].map((each) => each.manifest.digest[7]),
          );
          assert.deepEqual([...digests].sort(), [...new Set(wanted.map(({ hex }) => hex))].sort());
        },
      ),
      { numRuns: 25 },
    );
  });

  it('moves a name to a newer image, and keeps the older one without a name', async (t) => {
    const store = emptyStore(t);
    await setImage(store, image(DEBIAN, 'a'));
    await setImage(store, image(DEBIAN, 'b'));
    assert.deepEqual(
      readImages(store).map(({ manifest }) => manifest.digest[7]),
      ['b'],
    );
    assert.deepEqual(
      readDanglingImages(store).map(({ manifest }) => manifest.digest[7]),
      ['a'],
    );
    // It gets a name again: no entry without one is left over.
    await setImage(store, image('docker.io/library/old:1', 'a'));
    assert.deepEqual(readDanglingImages(store), []);
    assert.equal(readImages(store).length, 2);
  });

  it('adds an image without a name only where it is not there under one', async (t) => {
    const store = emptyStore(t);
    const { name: _, ...unnamed } = image('', 'a');
    await addUnnamedImage(store, unnamed);
    await addUnnamedImage(store, unnamed);
    assert.equal(readDanglingImages(store).length, 1);
    await setImage(store, image(DEBIAN, 'a'));
    await addUnnamedImage(store, unnamed);
    assert.deepEqual(readDanglingImages(store), []);
  });

  it('takes names away, and keeps the image on request', async (t) => {
    const store = emptyStore(t);
    await setImage(store, image('a:1', 'a'));
    await setImage(store, image('a:2', 'a'));
    assert.deepEqual(await removeImageNames(store, ['a:1', 'none:1'], { keep: true }), ['a:1']);
    assert.deepEqual(readDanglingImages(store), []);
    assert.deepEqual(await removeImageNames(store, ['a:2'], { keep: true }), ['a:2']);
    assert.equal(readDanglingImages(store).length, 1);
  });

  it('loses no name when many are set at once', async (t) => {
    const store = emptyStore(t);
    const names = Array.from({ length: 20 }, (_, at) => `image:${at}`);
    await Promise.all(names.map((name) => setImage(store, image(name, 'a'))));
    assert.deepEqual(
      readImages(store)
        .map(({ name }) => name)
        .sort(),
      names.sort(),
    );
  });

  it('is an OCI image layout', async (t) => {
    const store = emptyStore(t);
    await setImage(store, image(DEBIAN, 'a'));
    assert.deepEqual(JSON.parse(readFileSync(`${store}/images/oci-layout`, 'utf8')), { imageLayoutVersion: '1.0.0' });
    const index = JSON.parse(readFileSync(`${store}/images/index.json`, 'utf8'));
    assert.equal(index.schemaVersion, 2);
    assert.equal(index.manifests[0].annotations['org.opencontainers.image.ref.name'], DEBIAN);
  });

  it('keeps what it does not know, of the file and of entries', async (t) => {
    const store = emptyStore(t);
    await setImage(store, image(DEBIAN, 'a'));
    const path = `${store}/images/index.json`;
    const index = JSON.parse(readFileSync(path, 'utf8'));
    index.subject = { kept: true };
    index.manifests[0].artifactType = 'x/y';
    index.manifests[0].annotations['org.example'] = 'kept';
    writeFileSync(path, JSON.stringify(index));
    await setImage(store, image('other:1', 'b'));
    await setImage(store, image(DEBIAN, 'a'));
    const after = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(after.subject, { kept: true });
    const entry = after.manifests.find(
      (each: { annotations: Record<string, string> }) => each.annotations['org.example'],
    );
    assert.equal(entry?.artifactType, 'x/y');
  });

  for (const [what, text, code] of [
    ['is cut off', '{"schemaVersion": 2, "manif', 'CORRUPT'],
    ['is empty', '', 'CORRUPT'],
    ['is no object', '[]', 'CORRUPT'],
    ['has an entry that is none', '{"schemaVersion":2,"manifests":[{"digest":"sha256:x"}]}', 'CORRUPT'],
    ['is of a later version', '{"schemaVersion":3,"manifests":[]}', 'NEWER'],
  ] as const) {
    it(`that ${what} is an error for readers and writers, and stays as it is`, async (t) => {
      const store = emptyStore(t);
      writeFileSync(`${store}/images/index.json`, text);
      assert.throws(() => readImages(store), { code, hint: /./ });
      await assert.rejects(setImage(store, image(DEBIAN, 'a')), { code });
      await assert.rejects(removeImageNames(store, [DEBIAN]), { code });
      assert.equal(readFileSync(`${store}/images/index.json`, 'utf8'), text);
    });
  }
});
