import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { archive, type Member } from './tar/write.ts';

const BUSYBOX = '/bin/busybox';

export interface MadeLayer {
  /** The uncompressed archive. */
  readonly tar: Buffer;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/** A small image: its config and layers, and its manifest of the OCI kind. */
export interface SmallImage {
  readonly config: Buffer;
  readonly layers: readonly MadeLayer[];
  readonly manifest: Buffer;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hexOf(bytes)}`;
}

export function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function layerBlob({ tar, compression }: MadeLayer): Buffer {
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar);
}

const SUFFIX = { none: '', gzip: '+gzip', zstd: '+zstd' } as const;

export function descriptor(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Makes an image of these layers, from the lowest up; `label` tells it apart from others. */
export function imageOf(layers: readonly MadeLayer[], { architecture = 'amd64', label = '' } = {}): SmallImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Cmd: ['sh'], Env: ['PATH=/bin'], Labels: { label } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
      history: layers.map(() => ({ created_by: 'test' })),
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((layer) =>
        descriptor(`application/vnd.oci.image.layer.v1.tar${SUFFIX[layer.compression]}`, layerBlob(layer)),
      ),
    }),
  );
  return { config, layers, manifest };
}

/** A layer with one file, which belongs to nobody else: of a few hundred bytes. */
export function fileLayer(name: string, data: string, compression: MadeLayer['compression'] = 'none'): MadeLayer {
  return { tar: archive([{ name, data }]), compression };
}

/**
 * A base that commands run in: busybox, and what takes subordinate ids: a directory that the user may not enter, with
 * files in it; `extra` makes it unlike others. Above it a layer that says nothing of the directories it writes to, and so relies on the base.
 */
export function runnableLayers(compression: MadeLayer['compression'] = 'gzip', extra?: string): MadeLayer[] {
  const names = ['sh', 'cat', 'ls', 'sleep', 'true', 'echo', 'touch', 'stat', 'sync'];
  const base: Member[] = [
    { name: 'bin/', kind: 'directory' },
    { name: 'bin/busybox', data: readFileSync(BUSYBOX), mode: 0o755 },
    ...names.map((name): Member => ({ name: `bin/${name}`, kind: 'symlink', link: 'busybox' })),
    { name: 'etc/', kind: 'directory' },
    { name: 'etc/passwd', data: 'root:x:0:0::/root:/bin/sh\n' },
    ...(extra === undefined ? [] : [{ name: 'etc/extra', data: extra }]),
    { name: 'private/', kind: 'directory', mode: 0o700, uid: 101, gid: 101 },
    { name: 'private/inner/', kind: 'directory', mode: 0, uid: 102, gid: 102 },
    { name: 'private/inner/secret', data: 'x'.repeat(10_000), mode: 0, uid: 102, gid: 102 },
    { name: 'tmp/', kind: 'directory', mode: 0o1777 },
  ];
  const above: Member[] = [
    { name: 'etc/above', data: 'above\n' },
    { name: 'private/above', data: 'above\n', uid: 101, gid: 101 },
  ];
  return [
    { tar: archive(base), compression },
    { tar: archive(above), compression },
  ];
}

export interface NamedImage {
  readonly image: SmallImage;
  readonly names: readonly string[];
}

/** The members of an OCI image layout, blobs by their digests. */
export function layoutMembers(images: readonly NamedImage[]): Member[] {
  const blobs = new Map<string, Buffer>();
  for (const { image } of images) {
    for (const blob of [image.manifest, image.config, ...image.layers.map(layerBlob)]) blobs.set(hexOf(blob), blob);
  }
  const manifests = images.flatMap(({ image, names }) =>
    (names.length === 0 ? [undefined] : names).map((name) => ({
      ...descriptor(MANIFEST, image.manifest),
      ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
    })),
  );
  return [
    { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
    ...[...blobs].map(([hex, data]): Member => ({ name: `blobs/sha256/${hex}`, data })),
    { name: 'index.json', data: JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }) },
  ];
}

/** The members of what `docker save` writes, manifest.json last as docker does. */
export function dockerMembers(images: readonly NamedImage[]): Member[] {
  const files = new Map<string, Buffer>();
  const list = images.map(({ image, names }) => {
    const Config = `${hexOf(image.config)}.json`;
    files.set(Config, image.config);
    const Layers = image.layers.map((layer) => {
      const name = `${hexOf(layer.tar)}/layer.tar`;
      files.set(name, layerBlob(layer));
      return name;
    });
    return { Config, RepoTags: names.length === 0 ? null : names, Layers };
  });
  return [
    ...[...files].map(([name, data]): Member => ({ name, data })),
    { name: 'manifest.json', data: JSON.stringify(list) },
  ];
}
