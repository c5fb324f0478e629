import { ImageError } from './error.ts';
import type { Compression } from './model.ts';
import { shownText } from './unsafe-text.ts';

/* OCI image spec, media-types.md; Docker's kinds: distribution's docs/spec/manifest-v2-2.md. */

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** What a registry is asked for. */
export const ACCEPTED_MANIFESTS: readonly string[] = [OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST];

const LAYERS: Readonly<Record<string, Compression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
};

export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_INDEX;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Takes a Content-Type header and gives the media type without parameters, in lower case; empty where there is none. */
export function bareMediaType(unsafeHeader: string | undefined): string {
  return (unsafeHeader ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Whether it says what the content is, which servers of plain files and some registries do not. */
export function saysNothing(mediaType: string): boolean {
  return ['', 'application/json', 'application/octet-stream', 'binary/octet-stream', 'text/plain'].includes(mediaType);
}

/** Throws an ImageError 'INVALID' that says why a manifest of this type is none of ours. */
export function refuseManifestType(unsafeMediaType: string): never {
  if (/^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(unsafeMediaType)) throw schema1Refused();
  throw new ImageError('INVALID', `the manifest's media type ${shownText(unsafeMediaType)} is not known`, {
    hint: 'only images of the OCI and the Docker schema 2 kinds can be used, and this is another kind of artifact',
  });
}

export function schema1Refused(): ImageError {
  return new ImageError(
    'INVALID',
    'the image has a manifest of Docker schema 1, which has been out of use since 2017',
    {
      hint: 'its layers cannot be verified; have it pushed again with a current docker, podman or skopeo',
    },
  );
}

/** Throws an ImageError 'INVALID' unless the type is that of an image's config. */
export function checkConfigType(unsafeMediaType: string): void {
  if (unsafeMediaType === OCI_CONFIG || unsafeMediaType === DOCKER_CONFIG) return;
  throw new ImageError('INVALID', `the config's media type ${shownText(unsafeMediaType)} is not that of an image`, {
    hint: 'the registry keeps other things than images too (charts, signatures, modules), and this is one',
  });
}

/** Gives what a layer of the type is compressed with. Throws an ImageError 'INVALID' for layers that cannot be had. */
export function layerCompression(unsafeMediaType: string): Compression {
  const known = Object.hasOwn(LAYERS, unsafeMediaType) ? LAYERS[unsafeMediaType] : undefined;
  if (known !== undefined) return known;
  if (/nondistributable|\.foreign\./.test(unsafeMediaType)) {
    throw new ImageError('INVALID', `a layer is not in the registry: it is foreign (${shownText(unsafeMediaType)})`, {
      hint: 'such layers are parts of Windows, which their maker alone may distribute; there is no use for them on Linux',
    });
  }
  if (unsafeMediaType.endsWith('+encrypted')) {
    throw new ImageError('INVALID', `a layer is encrypted (${shownText(unsafeMediaType)})`, {
      hint: 'decrypt the image with `skopeo copy --decryption-key` into an OCI layout and load that',
    });
  }
  throw new ImageError('INVALID', `a layer's media type ${shownText(unsafeMediaType)} is not known`, {
    hint: 'only tar archives as they are, with gzip and with zstd can be unpacked',
  });
}
