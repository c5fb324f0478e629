import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-type.ts';
import type { Descriptor, ImageIndex } from '../../src/image/model.ts';
import { choosePlatform, hostPlatform, normalPlatform, parsePlatform, platformText } from '../../src/image/platform.ts';

function indexOf(...platforms: ReadonlyArray<string | undefined>): ImageIndex {
  const manifests = platforms.map((text, at): Descriptor => {
    const digest = `sha256:${String(at).padStart(64, '0')}` as const;
    const descriptor = { mediaType: OCI_MANIFEST, digest, size: 100 };
    const [os = '', architecture = '', variant] = text?.split('/') ?? [];
    return text === undefined ? descriptor : { ...descriptor, platform: normalPlatform(os, architecture, variant) };
  });
  return { kind: 'index', mediaType: OCI_INDEX, manifests };
}

function chosen(wanted: string, ...platforms: ReadonlyArray<string | undefined>): number {
  return Number(choosePlatform(indexOf(...platforms), parsePlatform(wanted)).digest.slice(7));
}

describe('parsePlatform', () => {
  for (const [typed, text] of [
    ['linux/amd64', 'linux/amd64'],
    ['amd64', 'linux/amd64'],
    ['x86_64', 'linux/amd64'],
    ['linux/x86-64', 'linux/amd64'],
    ['aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['Linux/ARM64/8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['arm', 'linux/arm'],
    ['linux/arm/v7', 'linux/arm'],
    ['armhf', 'linux/arm'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['armel', 'linux/arm/v6'],
    ['i386', 'linux/386'],
    ['riscv64', 'linux/riscv64'],
  ] as const) {
    it(`takes ${typed} as ${text}`, () => assert.equal(platformText(parsePlatform(typed)), text));
  }

  for (const typed of [
    '',
    '/',
    'linux/',
    'linux',
    'windows/amd64',
    'linux/arm/v7/x',
    'linux/a b',
    'linux/../x',
    'toString',
  ]) {
    it(`refuses ${JSON.stringify(typed)}`, () => {
      assert.throws(() => parsePlatform(typed), { code: 'REFERENCE' });
    });
  }
});

describe('choosePlatform', () => {
  it("finds this machine's, by whichever name the image has it", () => {
    assert.deepEqual(hostPlatform('x86_64'), { os: 'linux', architecture: 'amd64' });
    assert.deepEqual(hostPlatform('aarch64'), { os: 'linux', architecture: 'arm64' });
    assert.equal(chosen('linux/arm64', 'linux/amd64', 'linux/arm64/v8'), 1);
    assert.equal(chosen('linux/arm64/v8', 'linux/amd64', 'linux/arm64'), 1);
    assert.equal(chosen('linux/amd64', 'windows/amd64', 'linux/amd64'), 1);
  });

  it('takes the first of several that are alike', () => {
    assert.equal(chosen('linux/amd64', 'linux/amd64', 'linux/amd64'), 0);
  });

  it('takes an older variant of arm, the newest of them, and never a newer one', () => {
    assert.equal(chosen('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v6'), 1);
    assert.equal(chosen('linux/arm/v7', 'linux/arm/v6', 'linux/arm/v7'), 1);
    assert.throws(() => chosen('linux/arm/v6', 'linux/arm/v7'), { code: 'NO_IMAGE' });
  });

  it('takes no variant that the processor may not have', () => {
    assert.throws(() => chosen('linux/amd64', 'linux/amd64/v3'), { code: 'NO_IMAGE' });
  });

  it('passes over attestations, and takes a lone image that does not say what it is for', () => {
    assert.equal(chosen('linux/amd64', 'unknown/unknown', undefined), 1);
    assert.throws(() => chosen('linux/amd64', undefined, undefined), { code: 'NO_IMAGE' });
  });

  it('lists what there is', () => {
    const wanted = parsePlatform('linux/s390x');
    assert.throws(() => choosePlatform(indexOf('linux/amd64', 'linux/arm/v6', 'unknown/unknown'), wanted), {
      code: 'NO_IMAGE',
      message: 'the image is not made for linux/s390x',
      hint: /linux\/amd64, linux\/arm\/v6: /,
    });
    assert.throws(() => choosePlatform(indexOf(), wanted), { hint: 'its index lists no image at all' });
  });
});
