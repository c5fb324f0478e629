import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseManifest } from '../../src/image/manifest.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const CONFIG = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: DIGEST, size: 7 };
const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 9 };
const MANIFEST = { schemaVersion: 2, mediaType: OCI, config: CONFIG, layers: [LAYER] };
const ENTRY = {
  mediaType: OCI,
  digest: DIGEST,
  size: 5,
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
};
const INDEX = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [ENTRY] };

function parse(value: unknown, mediaType = OCI) {
  return parseManifest(Buffer.from(JSON.stringify(value)), mediaType);
}

function refused(value: unknown, part: RegExp, mediaType = OCI): void {
  assert.throws(() => parse(value, mediaType), { code: 'INVALID', message: part });
}

describe('parseManifest', () => {
  it('gives an OCI manifest', () => {
    assert.deepEqual(parse(MANIFEST), {
      kind: 'manifest',
      mediaType: OCI,
      config: CONFIG,
      layers: [{ ...LAYER, compression: 'gzip' }],
    });
  });

  it("gives Docker's, and knows what each kind of layer is compressed with", () => {
    const kinds = [
      ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
      ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
      ['application/vnd.oci.image.layer.v1.tar', 'none'],
      ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
    ] as const;
    const config = { ...CONFIG, mediaType: 'application/vnd.docker.container.image.v1+json' };
    const layers = kinds.map(([mediaType]) => ({ ...LAYER, mediaType }));
    const manifest = parse({ schemaVersion: 2, mediaType: DOCKER, config, layers }, DOCKER);
    assert.equal(manifest.kind, 'manifest');
    assert.deepEqual(
      manifest.kind === 'manifest' && manifest.layers.map(({ compression }) => compression),
      kinds.map(([, compression]) => compression),
    );
  });

  it('gives an index with its platforms, and keeps entries of types that it does not know', () => {
    const other = { mediaType: 'application/vnd.example', digest: DIGEST, size: 0, annotations: { a: 'b' } };
    const index = parse({ ...INDEX, manifests: [ENTRY, other] }, OCI_INDEX);
    assert.equal(index.kind, 'index');
    assert.deepEqual(index.kind === 'index' && index.manifests, [
      { ...ENTRY, platform: { os: 'linux', architecture: 'arm64' } },
      other,
    ]);
    assert.equal(parse({ ...INDEX, mediaType: DOCKER_LIST }, DOCKER_LIST).kind, 'index');
  });

  it('takes the type from the document where the registry does not say it, and from its form where neither does', () => {
    assert.equal(parse(INDEX, 'text/plain; charset=utf-8').mediaType, OCI_INDEX);
    const { mediaType: _, ...untyped } = MANIFEST;
    assert.equal(parse(untyped, '').mediaType, OCI);
    assert.equal(parse(untyped, `${OCI}; charset=utf-8`).mediaType, OCI);
    assert.equal(parse({ schemaVersion: 2, manifests: [] }, 'application/json').kind, 'index');
  });

  it('refuses a document that is two things at once (CVE-2021-41190)', () => {
    refused(MANIFEST, /calls itself .*and came as/, DOCKER);
    refused(INDEX, /calls itself/, OCI);
    refused({ ...MANIFEST, manifests: [] }, /an index and an image at once/);
    refused({ ...INDEX, config: CONFIG }, /an index and an image at once/, OCI_INDEX);
  });

  it('explains schema 1', () => {
    const schema1 = { schemaVersion: 1, fsLayers: [] };
    refused(schema1, /schema 1/, 'application/vnd.docker.distribution.manifest.v1+prettyjws');
    refused(schema1, /schema 1/, 'application/json');
  });

  it('explains foreign, encrypted and unknown layers, other artifacts and unknown manifests', () => {
    const layer = (mediaType: string) => ({ ...MANIFEST, layers: [{ ...LAYER, mediaType }] });
    refused(layer('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'), /foreign/);
    refused(layer('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), /foreign/);
    refused(layer('application/vnd.oci.image.layer.v1.tar+gzip+encrypted'), /encrypted/);
    refused(layer('application/vnd.oci.image.layer.v1.tar+xz'), /layer's media type .* is not known/);
    refused(layer('constructor'), /not known/);
    refused(
      { ...MANIFEST, config: { ...CONFIG, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
      /config's media type/,
    );
    refused(
      { ...MANIFEST, mediaType: 'application/x' },
      /manifest's media type "application\/x" is not known/,
      'application/x',
    );
  });

  for (const [what, value, part] of [
    ['no schemaVersion', { ...MANIFEST, schemaVersion: undefined }, /schemaVersion/],
    ['schemaVersion as text', { ...MANIFEST, schemaVersion: '2' }, /schemaVersion/],
    ['no config', { ...MANIFEST, config: undefined }, /config is no object/],
    ['no layers', { ...MANIFEST, layers: null }, /layers is no list/],
    ['a digest with a path', { ...MANIFEST, layers: [{ ...LAYER, digest: `sha256:../${'a'.repeat(61)}` }] }, /digest/],
    ['a short digest', { ...MANIFEST, config: { ...CONFIG, digest: 'sha256:aa' } }, /config.digest/],
    ['a negative size', { ...MANIFEST, layers: [{ ...LAYER, size: -1 }] }, /layers\[0\].size/],
    ['a broken size', { ...MANIFEST, layers: [{ ...LAYER, size: 1.5 }] }, /size/],
    ['a size beyond integers', { ...MANIFEST, layers: [{ ...LAYER, size: 2 ** 60 }] }, /size/],
    ['a size as text', { ...MANIFEST, layers: [{ ...LAYER, size: '9' }] }, /size/],
    ['a list', [MANIFEST], /no object/],
    ['annotations that are no strings', { ...MANIFEST, config: { ...CONFIG, annotations: { a: 1 } } }, /annotations/],
  ] as const) {
    it(`refuses ${what}`, () => refused(value, part));
  }

  it('refuses what is no JSON, no UTF-8, and more than 4 MiB', () => {
    assert.throws(() => parseManifest(Buffer.from('{'), OCI), { code: 'INVALID', message: /no JSON/ });
    assert.throws(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d]), OCI), { code: 'INVALID', message: /no UTF-8/ });
    const long = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
    assert.throws(() => parseManifest(long, OCI), { code: 'INVALID', message: /4 MiB/ });
  });

  it('takes annotations named like members of every object as they are', () => {
    const text = JSON.stringify({ ...MANIFEST, config: { ...CONFIG, annotations: 0 } });
    const bytes = Buffer.from(text.replace('"annotations":0', '"annotations":{"__proto__":"x"}'));
    const manifest = parseManifest(bytes, OCI);
    assert.deepEqual(manifest.kind === 'manifest' && Object.entries(manifest.config.annotations ?? {}), [
      ['__proto__', 'x'],
    ]);
  });

  it('parses or refuses any JSON, and fails in no other way', () => {
    const member = fc.constantFrom(
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
      'manifests',
      'digest',
      'size',
      'platform',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(2, DIGEST, OCI, OCI_INDEX, null, -1, ''),
        fc.dictionary(member, tie('any')),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(fc.dictionary(member, value), fc.constantFrom(OCI, OCI_INDEX, ''), (members, mediaType) => {
        try {
          parse({ schemaVersion: 2, ...members }, mediaType);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'INVALID', String(error));
        }
      }),
    );
  });
});
