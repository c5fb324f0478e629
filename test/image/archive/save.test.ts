import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadArchive } from '../../../src/image/archive/load.ts';
import { writeDirectory, writeTarFile } from '../../../src/image/archive/output.ts';
import { dockerFiles, layoutFiles, type SavedImage, writeTar } from '../../../src/image/archive/save.ts';
import { TarWriter } from '../../../src/image/archive/tar-writer.ts';
import { TarReader } from '../../../src/image/unpack/tar/reader.ts';
import { blobPath, hasBlob, writeBlob } from '../../../src/store/blobs.ts';
import { digestOf } from '../../../src/store/digest.ts';
import { emptyStore } from '../../store/directory.ts';
import { fileLayer, imageOf, layerBlob, MANIFEST, type SmallImage } from '../../support/image-archive.ts';

const PLATFORM = { os: 'linux', architecture: 'amd64' } as const;
const KEY = 'single';
const IMAGE = imageOf([fileLayer('a', 'one', 'gzip'), fileLayer('b', 'two', 'zstd'), fileLayer('c', 'three')]);
const OTHER = imageOf([fileLayer('a', 'one', 'gzip')], { label: 'other' });

function stored(store: string, image: SmallImage, ...names: string[]): SavedImage {
  for (const blob of [image.config, ...image.layers.map(layerBlob)]) writeBlob(store, blob);
  const manifest = { mediaType: MANIFEST, digest: writeBlob(store, image.manifest), size: image.manifest.length };
  return { names, manifest, platform: PLATFORM };
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'archive-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('saving images', () => {
  for (const format of ['docker-archive', 'oci-archive', 'oci-dir'] as const) {
    it(`as ${format} gives what loads as the same images`, async (t) => {
      const store = emptyStore(t);
      const images = [stored(store, IMAGE, 'docker.io/library/a:1', 'docker.io/library/a:2'), stored(store, OTHER)];
      const context = { store, layerKey: KEY };
      const path = `${directory(t)}/out`;
      const files = format === 'docker-archive' ? await dockerFiles(context, images) : layoutFiles(context, images);
      if (format === 'oci-dir') await writeDirectory(path, files);
      else await writeTarFile(path, files);
      const other = emptyStore(t);
      const loaded = await loadArchive({ kind: 'path', path }, other, { platform: PLATFORM });
      assert.deepEqual(
        loaded.map(({ names }) => names),
        images.map(({ names }) => names),
      );
      for (const { config } of [IMAGE, OTHER])
        assert(hasBlob(other, { digest: digestOf(config), size: config.length }));
      if (format !== 'docker-archive')
        assert.deepEqual(
          loaded.map(({ manifest }) => manifest),
          images.map(({ manifest }) => manifest),
        );
      else for (const { tar } of IMAGE.layers) assert(hasBlob(other, { digest: digestOf(tar), size: tar.length }));
      assert.deepEqual(readdirSync(join(path, '..')), ['out']);
    });
  }

  it('takes the sizes of uncompressed layers from their records, and notices a wrong one', async (t) => {
    const store = emptyStore(t);
    const images = [stored(store, IMAGE, 'a:1')];
    const [first] = IMAGE.layers;
    assert(first);
    const path = `${store}/layers/${KEY}/${digestOf(first.tar).slice(7)}`;
    mkdirSync(`${path}/tree`, { recursive: true });
    for (const [bytes, isRight] of [
      [first.tar.length, true],
      [first.tar.length - 1, false],
      [first.tar.length + 1, false],
    ] as const) {
      writeFileSync(`${path}/layer.json`, JSON.stringify({ version: 1, bytes }));
      const output = `${directory(t)}/out`;
      const writing = dockerFiles({ store, layerKey: KEY }, images).then((files) => writeTarFile(output, files));
      if (isRight) await writing;
      else await assert.rejects(writing, { code: 'CORRUPT' });
      assert.equal(existsSync(output), isRight);
    }
  });

  it('is refused where a blob of the store is damaged or missing; nothing is left', async (t) => {
    const store = emptyStore(t);
    const image = stored(store, IMAGE, 'a:1');
    const [first] = IMAGE.layers;
    assert(first);
    const blob = layerBlob(first);
    const place = blobPath(store, digestOf(blob));
    chmodSync(place, 0o600);
    const flipped = Buffer.from(blob);
    flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
    for (const content of [flipped, blob.subarray(1), undefined]) {
      if (content === undefined) rmSync(place);
      else writeFileSync(place, content);
      const parent = directory(t);
      const context = { store, layerKey: KEY };
      await assert.rejects(writeTarFile(`${parent}/a`, layoutFiles(context, [image])), { code: 'CORRUPT' });
      await assert.rejects(writeDirectory(`${parent}/b`, layoutFiles(context, [image])), { code: 'CORRUPT' });
      await assert.rejects(dockerFiles(context, [image]), { code: 'CORRUPT' });
      assert.deepEqual(readdirSync(parent), []);
    }
  });

  it('does not write over what is no file, and replaces a file at once', async (t) => {
    const store = emptyStore(t);
    const files = layoutFiles({ store, layerKey: KEY }, [stored(store, OTHER, 'a:1')]);
    const parent = directory(t);
    mkdirSync(`${parent}/directory`);
    writeFileSync(`${parent}/directory/mine`, 'mine');
    await assert.rejects(writeDirectory(`${parent}/directory`, files), { code: 'OUTPUT', hint: /empty/ });
    await assert.rejects(writeTarFile(`${parent}/directory`, files), { code: 'OUTPUT' });
    await assert.rejects(writeTarFile('/proc/nowhere/x', files), { code: 'OUTPUT', message: /ENOENT/ });
    assert.equal(readFileSync(`${parent}/directory/mine`, 'utf8'), 'mine');
    await writeTarFile('/dev/null', files);
    writeFileSync(`${parent}/file`, 'old');
    await writeTarFile(`${parent}/file`, files);
    assert(readFileSync(`${parent}/file`).length > 1000);
    mkdirSync(`${parent}/empty`);
    await writeDirectory(`${parent}/empty`, files);
    assert.deepEqual(readdirSync(`${parent}/empty`).sort(), ['blobs', 'index.json', 'oci-layout']);
  });

  it('gives the same bytes each time', async (t) => {
    const store = emptyStore(t);
    const image = stored(store, IMAGE, 'a:1');
    const [one, two] = await Promise.all(
      [0, 1].map(async () => {
        const parts: Buffer[] = [];
        await writeTar(await dockerFiles({ store, layerKey: KEY }, [image]), (bytes) => parts.push(Buffer.from(bytes)));
        return Buffer.concat(parts);
      }),
    );
    assert(one && two && one.equals(two));
  });
});

describe('tar archives that are written', () => {
  it('are read back: long names and sizes beyond eleven octal digits too', () => {
    const names = ['a', 'b'.repeat(100), `${'c'.repeat(60)}/${'d'.repeat(120)}`];
    const found: [string, number][] = [];
    let current = 0;
    const reader = new TarReader({
      entry: ({ name, size }) => {
        found.push([name, size]);
        current = 0;
      },
      data: (_chunk, start, end) => {
        current += end - start;
      },
      finish: () => assert.equal(current, found.at(-1)?.[1]),
    });
    const tar = new TarWriter((bytes) => reader.push(Buffer.from(bytes)));
    for (const name of names) tar.file(name, Buffer.from(name));
    const huge = 8 * 2 ** 30 + 512;
    const write = tar.begin('huge', huge);
    const chunk = Buffer.alloc(2 ** 26);
    for (let left = huge; left > 0; left -= chunk.length) write(chunk.subarray(0, Math.min(left, chunk.length)));
    tar.file('empty', Buffer.alloc(0));
    tar.end();
    reader.end();
    assert.deepEqual(found, [...names.map((name) => [name, name.length]), ['huge', huge], ['empty', 0]]);
  });

  it('never have more of a file than was said', () => {
    const write = new TarWriter(() => {}).begin('file', 3);
    write(Buffer.from('ab'));
    assert.throws(() => write(Buffer.from('cd')), RangeError);
  });
});
