import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type LoadedImage, loadArchive } from '../../../src/image/archive/load.ts';
import { parseManifest } from '../../../src/image/manifest.ts';
import { hasBlob, readBlob } from '../../../src/store/blobs.ts';
import { emptyStore } from '../../store/directory.ts';
import {
  descriptor,
  digestOf,
  dockerMembers,
  fileLayer,
  hexOf,
  INDEX,
  imageOf,
  layerBlob,
  layoutMembers,
  MANIFEST,
  type NamedImage,
  type SmallImage,
} from '../../support/image-archive.ts';
import { archive, type Member } from '../../support/tar/write.ts';

const PLATFORM = { os: 'linux', architecture: 'amd64' } as const;

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'archive-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Loads bytes from a file. */
async function load(t: TestContext, store: string, bytes: Uint8Array, onUnknownName?: (name: string) => void) {
  const path = `${directory(t)}/archive`;
  writeFileSync(path, bytes);
  const options = { platform: PLATFORM, ...(onUnknownName === undefined ? {} : { onUnknownName }) };
  return await loadArchive({ kind: 'path', path }, store, options);
}

const nameOf = (member: Member | undefined): string => String(member?.name);

function layoutDirectory(t: TestContext, members: readonly Member[]): string {
  const path = directory(t);
  for (const { name, data } of members) {
    const file = `${path}/${name}`;
    mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true });
    writeFileSync(file, data ?? '');
  }
  return path;
}

/** Every blob of an image is in the store, whatever its manifest is. */
function assertStored(store: string, { manifest }: LoadedImage, { config, layers }: SmallImage): void {
  assert(hasBlob(store, manifest));
  const parsed = parseManifest(readBlob(store, manifest.digest), manifest.mediaType);
  assert(parsed.kind === 'manifest');
  assert.deepEqual(readBlob(store, parsed.config.digest), config);
  assert.deepEqual(
    parsed.layers.map(({ digest }) => digest),
    layers.map((layer) => digestOf(layerBlob(layer))),
  );
  for (const layer of parsed.layers) assert(hasBlob(store, layer));
}

function assertNothingAside(store: string): void {
  assert.deepEqual(readdirSync(`${store}/images/partial`), []);
}

const IMAGE = imageOf([fileLayer('a', 'one', 'gzip'), fileLayer('b', 'two', 'zstd'), fileLayer('c', 'three')]);
const OTHER = imageOf([fileLayer('a', 'one'), fileLayer('d', 'four')], { label: 'other' });
const NAMED: NamedImage = { image: IMAGE, names: ['busybox:1'] };
const FULL = 'docker.io/library/busybox:1';

const WRAPPED = [
  ['as it is', (bytes: Buffer) => bytes],
  ['in gzip', (bytes: Buffer) => gzipSync(bytes)],
  [
    'in gzip of several members',
    (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
  ],
  ['in zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
] as const;

describe('an archive of an OCI image layout', () => {
  for (const [how, wrap] of WRAPPED) {
    it(`${how} is loaded, its manifest as it is`, async (t) => {
      const store = emptyStore(t);
      const [loaded, ...others] = await load(t, store, wrap(archive(layoutMembers([NAMED]))));
      assert(loaded);
      assert.deepEqual(others, []);
      assert.deepEqual(loaded, { names: [FULL], manifest: descriptor(MANIFEST, IMAGE.manifest) });
      assertStored(store, loaded, IMAGE);
      assertNothingAside(store);
    });
  }

  it('is loaded from a pipe, whatever the order of its members', async (t) => {
    const store = emptyStore(t);
    const path = `${directory(t)}/fifo`;
    execFileSync('mkfifo', [path]);
    const bytes = archive(layoutMembers([NAMED]).reverse());
    const { spawn } = await import('node:child_process');
    const writer = spawn('sh', ['-c', `cat > ${path}`], { stdio: ['pipe', 'inherit', 'inherit'] });
    writer.stdin.end(bytes);
    const descriptor_ = openSync(path, 'r');
    const [loaded] = await loadArchive({ kind: 'descriptor', descriptor: descriptor_ }, store, { platform: PLATFORM });
    closeSync(descriptor_);
    assert(loaded);
    assertStored(store, loaded, IMAGE);
  });

  it('in a directory is loaded, links in it followed', async (t) => {
    const store = emptyStore(t);
    const path = layoutDirectory(t, layoutMembers([NAMED]));
    const blob = `blobs/sha256/${hexOf(IMAGE.config)}`;
    const elsewhere = directory(t);
    writeFileSync(`${elsewhere}/config`, readFileSync(`${path}/${blob}`));
    rmSync(`${path}/${blob}`);
    symlinkSync(`${elsewhere}/config`, `${path}/${blob}`);
    const [loaded] = await loadArchive({ kind: 'path', path }, store, { platform: PLATFORM });
    assert(loaded);
    assertStored(store, loaded, IMAGE);
  });

  it('gives several images, one of them under two names and one without any', async (t) => {
    const store = emptyStore(t);
    const images = [
      { image: IMAGE, names: ['a:1', 'host.example/b@sha256:'] },
      { image: OTHER, names: [] },
    ];
    const unknown: string[] = [];
    const loaded = await load(t, store, archive(layoutMembers([...images, { image: IMAGE, names: ['c'] }])), (name) =>
      unknown.push(name),
    );
    assert.deepEqual(
      loaded.map(({ names }) => names),
      [['docker.io/library/a:1', 'docker.io/library/c:latest'], []],
    );
    assert.deepEqual(unknown, ['host.example/b@sha256:']);
  });

  it('of several platforms gives the wanted one, with the index', async (t) => {
    const store = emptyStore(t);
    const arm = imageOf([fileLayer('a', 'arm')], { architecture: 'arm64' });
    const members = layoutMembers([
      { image: IMAGE, names: [] },
      { image: arm, names: [] },
    ]);
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [
          { ...descriptor(MANIFEST, arm.manifest), platform: { os: 'linux', architecture: 'arm64' } },
          { ...descriptor(MANIFEST, IMAGE.manifest), platform: PLATFORM },
        ],
      }),
    );
    const top = {
      schemaVersion: 2,
      manifests: [{ ...descriptor(INDEX, index), annotations: { 'org.opencontainers.image.ref.name': 'multi' } }],
    };
    const nested = [
      ...members.filter(({ name }) => name !== 'index.json'),
      { name: `blobs/sha256/${hexOf(index)}`, data: index },
      { name: 'index.json', data: JSON.stringify(top) },
    ];
    const expected = {
      names: ['docker.io/library/multi:latest'],
      manifest: descriptor(MANIFEST, IMAGE.manifest),
      index: descriptor(INDEX, index),
    };
    assert.deepEqual(await load(t, store, archive(nested)), [expected]);
    // The same without the index of its own: its entries have no name, and platforms.
    const flat = members.map((each) => (each.name === 'index.json' ? { ...each, data: index } : each));
    assert.deepEqual(await load(t, store, archive(flat)), [{ names: [], manifest: expected.manifest }]);
  });

  it('takes the full name that containerd and docker write', async (t) => {
    const members = layoutMembers([{ image: IMAGE, names: ['latest'] }]).map((each) =>
      each.name !== 'index.json'
        ? each
        : {
            ...each,
            data: String(each.data).replace(
              '"org.opencontainers',
              '"io.containerd.image.name":"quay.io/a/b:c","org.opencontainers',
            ),
          },
    );
    const [loaded] = await load(t, emptyStore(t), archive(members));
    assert.deepEqual(loaded?.names, ['quay.io/a/b:c']);
  });
});

describe('an archive of docker save', () => {
  for (const [how, wrap] of WRAPPED) {
    it(`${how} is loaded; its config stays byte for byte`, async (t) => {
      const store = emptyStore(t);
      const bytes = wrap(archive(dockerMembers([NAMED])));
      const [loaded] = await load(t, store, bytes);
      assert(loaded);
      assert.deepEqual(loaded.names, [FULL]);
      assertStored(store, loaded, IMAGE);
      assertNothingAside(store);
      // The manifest that we write is the same each time.
      assert.deepEqual(await load(t, emptyStore(t), bytes), [loaded]);
    });
  }

  it('of several images is loaded, layers that are links followed', async (t) => {
    const store = emptyStore(t);
    const members = dockerMembers([NAMED, { image: OTHER, names: ['b:1', 'b:2'] }]);
    const [shared] = OTHER.layers;
    assert(shared);
    const name = `${hexOf(shared.tar)}/layer.tar`;
    const linked = members.flatMap((each): Member[] =>
      each.name === name
        ? [
            { name: 'first/layer.tar', data: shared.tar },
            { name: 'second', kind: 'hardlink', link: 'first/layer.tar' },
            { name, kind: 'symlink', link: '../second' },
          ]
        : [each],
    );
    const loaded = await load(t, store, archive(linked));
    assert.deepEqual(
      loaded.map(({ names }) => names),
      [[FULL], ['docker.io/library/b:1', 'docker.io/library/b:2']],
    );
    const [, second] = loaded;
    assert(second);
    assertStored(store, second, OTHER);
  });

  it('without tags gives an image without a name', async (t) => {
    const [loaded] = await load(t, emptyStore(t), archive(dockerMembers([{ image: IMAGE, names: [] }])));
    assert.deepEqual(loaded?.names, []);
  });
});

describe('what is loaded that is no sound image archive', () => {
  const layout = layoutMembers([NAMED]);
  const docker = dockerMembers([NAMED]);
  const change = (
    members: readonly Member[],
    name: string | undefined,
    data: string | Uint8Array | undefined,
  ): Member[] =>
    members.flatMap((each) => (each.name !== name ? [each] : data === undefined ? [] : [{ ...each, data }]));
  const configBlob = `blobs/sha256/${hexOf(IMAGE.config)}`;
  const layerName = nameOf(docker[1]);
  const index = (manifests: unknown) => JSON.stringify({ schemaVersion: 2, manifests });
  const oneManifest = (of: object) => JSON.stringify([{ Config: nameOf(docker[0]), RepoTags: [], Layers: [], ...of }]);
  const CASES: ReadonlyArray<readonly [what: string, bytes: Buffer, code: string, message: RegExp]> = [
    ['an empty file', Buffer.alloc(0), 'INVALID', /empty/],
    ['an empty archive', archive([]), 'INVALID', /neither/],
    ['text', Buffer.from('hello '.repeat(200)), 'CORRUPT', /no sound tar/],
    ['an archive that is cut off', archive(layout).subarray(0, 3000), 'CORRUPT', /ends in the middle/],
    ['compression that is cut off', gzipSync(archive(layout)).subarray(0, 500), 'CORRUPT', /gzip/],
    [
      'zstd that is damaged',
      Buffer.concat([zstdCompressSync(archive(layout)).subarray(0, 60), Buffer.alloc(90)]),
      'CORRUPT',
      /zstd|tar/,
    ],
    ['xz', Buffer.from('fd377a585a000004', 'hex'), 'INVALID', /xz/],
    ['bzip2', Buffer.from('425a6839314159', 'hex'), 'INVALID', /bzip2/],
    ['zip', Buffer.from('504b030414000000', 'hex'), 'INVALID', /zip/],
    ['a root file system', archive([{ name: 'bin/sh', data: 'x' }]), 'INVALID', /neither/],
    ['a blob that is missing', archive(change(layout, configBlob, undefined)), 'CORRUPT', /missing/],
    [
      'a blob that is not what its name says',
      archive(change(layout, configBlob, '{}')),
      'CORRUPT',
      /not what its digest says/,
    ],
    [
      'a size that is wrong',
      archive(change(layout, 'index.json', index([{ ...descriptor(MANIFEST, IMAGE.manifest), size: 1 }]))),
      'CORRUPT',
      /1 are stated/,
    ],
    ['an index.json that is no JSON', archive(change(layout, 'index.json', '{')), 'INVALID', /no JSON/],
    ['an index.json that is an image', archive(change(layout, 'index.json', IMAGE.manifest)), 'INVALID', /no index/],
    ['an index.json without images', archive(change(layout, 'index.json', index([]))), 'INVALID', /no images/],
    [
      'an index.json that is too large',
      archive(change(layout, 'index.json', Buffer.alloc(4 * 1024 * 1024 + 1, ' '))),
      'INVALID',
      /4 MiB/,
    ],
    [
      'a manifest of an unknown kind',
      archive(change(layout, 'index.json', index([descriptor('text/x', IMAGE.manifest)]))),
      'INVALID',
      /text\/x|came as/,
    ],
    [
      'a digest that leaves the archive',
      archive(
        change(layout, 'index.json', index([{ mediaType: MANIFEST, digest: 'sha256:../../../etc/passwd', size: 1 }])),
      ),
      'INVALID',
      /digest/,
    ],
    ['an index of itself', archive(selfIndex()), 'INVALID', /another index/],
    ['a manifest.json that is no list', archive(change(docker, 'manifest.json', '{}')), 'INVALID', /no list/],
    ['a manifest.json without images', archive(change(docker, 'manifest.json', '[]')), 'INVALID', /no images/],
    [
      'a manifest.json with another shape',
      archive(change(docker, 'manifest.json', '[{"Config":1}]')),
      'INVALID',
      /malformed/,
    ],
    ['a config that is missing', archive(change(docker, nameOf(docker[0]), undefined)), 'CORRUPT', /missing/],
    [
      'a config of the host',
      archive(change(docker, 'manifest.json', oneManifest({ Config: '/etc/passwd' }))),
      'CORRUPT',
      /missing/,
    ],
    [
      'a layer of the host',
      archive(change(docker, 'manifest.json', oneManifest({ Layers: ['../../etc/passwd'] }))),
      'INVALID',
      /layers/,
    ],
    [
      'layers that the config does not name',
      archive(change(docker, 'manifest.json', oneManifest({}))),
      'INVALID',
      /0 layers/,
    ],
    [
      'a layer that is not what the config says',
      archive(
        change(
          dockerMembers([{ image: OTHER, names: [] }]),
          `${hexOf(OTHER.layers[0]?.tar ?? Buffer.alloc(0))}/layer.tar`,
          'no tar',
        ),
      ),
      'CORRUPT',
      /as the config says/,
    ],
    [
      'a link that leads round',
      archive([...change(docker, layerName, undefined), { name: layerName, kind: 'symlink', link: 'layer.tar' }]),
      'CORRUPT',
      /missing/,
    ],
    [
      'a link to the host',
      archive([...change(docker, layerName, undefined), { name: layerName, kind: 'symlink', link: '/etc/passwd' }]),
      'CORRUPT',
      /missing/,
    ],
  ];

  function selfIndex(): Member[] {
    const inner = Buffer.from(
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor(INDEX, Buffer.from('x')), platform: PLATFORM }] }),
    );
    return [
      { name: `blobs/sha256/${hexOf(inner)}`, data: inner },
      { name: 'index.json', data: index([descriptor(INDEX, inner)]) },
    ];
  }

  for (const [what, bytes, code, message] of CASES) {
    it(`is refused, and nothing is left aside: ${what}`, async (t) => {
      const store = emptyStore(t);
      await assert.rejects(load(t, store, bytes), { code, message });
      assertNothingAside(store);
    });
  }

  it('is refused: a directory that is no layout', async (t) => {
    const store = emptyStore(t);
    await assert.rejects(loadArchive({ kind: 'path', path: directory(t) }, store, { platform: PLATFORM }), {
      code: 'INVALID',
    });
    const blob = layoutDirectory(t, layout);
    rmSync(`${blob}/${configBlob}`);
    execFileSync('mkfifo', [`${blob}/${configBlob}`]);
    await assert.rejects(loadArchive({ kind: 'path', path: blob }, store, { platform: PLATFORM }), {
      code: 'INVALID',
      message: /no file/,
    });
    writeFileSync(`${directory(t)}/x`, '');
    await assert.rejects(
      loadArchive({ kind: 'path', path: `${directory(t)}/missing` }, store, { platform: PLATFORM }),
      {
        code: 'INPUT',
        message: /ENOENT/,
      },
    );
  });

  it('is refused: one that has no end when it is decompressed', async (t) => {
    const store = emptyStore(t);
    const bomb = archive([{ name: 'big', data: Buffer.alloc(20_000_000) }]);
    for (const bytes of [gzipSync(bomb), zstdCompressSync(bomb)]) {
      const path = `${directory(t)}/bomb`;
      writeFileSync(path, bytes);
      const loading = loadArchive({ kind: 'path', path }, store, { platform: PLATFORM, limit: 10_000_000 });
      await assert.rejects(loading, { code: 'INVALID', hint: /unpack-limit/ });
      assertNothingAside(store);
    }
  });

  it('is given up when it is aborted, though nobody writes to the pipe', async (t) => {
    const store = emptyStore(t);
    const path = `${directory(t)}/fifo`;
    execFileSync('mkfifo', [path]);
    // Both ends, so that there is no end of file.
    const file = openSync(path, 'r+');
    const controller = new AbortController();
    const loading = loadArchive({ kind: 'descriptor', descriptor: file }, store, {
      platform: PLATFORM,
      signal: controller.signal,
    });
    controller.abort(new Error('Ctrl-C'));
    await assert.rejects(loading, /Ctrl-C/);
    const { writeSync } = await import('node:fs');
    writeSync(file, 'x');
    closeSync(file);
    assertNothingAside(store);
  });
});
