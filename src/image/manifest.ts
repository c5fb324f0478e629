import { parseDigest } from '../store/digest.ts';
import { array, invalid, object, optional, parseObject, stringMap, text, type UnsafeObject } from './checked-json.ts';
import {
  bareMediaType,
  checkConfigType,
  isIndexType,
  isManifestType,
  layerCompression,
  OCI_INDEX,
  OCI_MANIFEST,
  refuseManifestType,
  saysNothing,
  schema1Refused,
} from './media-type.ts';
import type { Descriptor, ImageIndex, ImageManifest, LayerDescriptor, Platform } from './model.ts';
import { normalPlatform } from './platform.ts';
import { shownText } from './unsafe-text.ts';

const WHAT = 'the manifest';

function platform(value: unknown): Platform {
  const unsafe = object(value, WHAT, 'platform');
  const member = (name: string): string => optional(unsafe[name], (each) => text(each, WHAT, `platform.${name}`)) ?? '';
  return normalPlatform(member('os'), member('architecture'), member('variant'));
}

function descriptor(value: unknown, member: string): Descriptor {
  const unsafe = object(value, WHAT, member);
  const digest = parseDigest(unsafe.digest);
  if (digest === undefined) throw invalid(WHAT, `${member}.digest is no sha256 or sha512 digest`);
  const { size } = unsafe;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(WHAT, `${member}.size is no number of bytes`);
  }
  const mediaType = text(unsafe.mediaType, WHAT, `${member}.mediaType`);
  const forPlatform = optional(unsafe.platform, platform);
  const annotations = optional(unsafe.annotations, (each) => stringMap(each, WHAT, `${member}.annotations`));
  return {
    mediaType,
    digest,
    size,
    ...(forPlatform === undefined ? {} : { platform: forPlatform }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function layer(value: unknown, index: number): LayerDescriptor {
  const checked = descriptor(value, `layers[${index}]`);
  return { ...checked, compression: layerCompression(checked.mediaType) };
}

/**
 * What the document is. Two answers for one document (Content-Type and `mediaType`, or the members of both kinds) are
 * refused: whoever verified it may have read it as the other one (CVE-2021-41190, CVE-2021-41092).
 */
function mediaTypeOf(unsafe: UnsafeObject, unsafeHeader: string): string {
  const header = bareMediaType(unsafeHeader);
  const member = optional(unsafe.mediaType, (value) => text(value, WHAT, 'mediaType'));
  if (member !== undefined && !saysNothing(header) && member !== header) {
    throw invalid(WHAT, `it calls itself ${shownText(member)}, and came as ${shownText(header)}`);
  }
  if ('manifests' in unsafe && ('layers' in unsafe || 'config' in unsafe)) {
    throw invalid(WHAT, 'it is an index and an image at once');
  }
  if (unsafe.schemaVersion === 1) throw schema1Refused();
  if (unsafe.schemaVersion !== 2) throw invalid(WHAT, 'its schemaVersion is not 2');
  return member ?? (saysNothing(header) ? ('manifests' in unsafe ? OCI_INDEX : OCI_MANIFEST) : header);
}

/**
 * Takes a manifest's or index's bytes and the media type that it came with (a Content-Type header, or a descriptor's), and
 * gives it with every member checked. OCI image spec, manifest.md and image-index.md. Throws an ImageError 'INVALID'.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): ImageManifest | ImageIndex {
  const unsafe = parseObject(bytes, WHAT);
  const type = mediaTypeOf(unsafe, mediaType);
  if (isIndexType(type)) {
    // Entries of unknown types are no error: image-index.md asks implementations to pass over them.
    const manifests = array(unsafe.manifests, WHAT, 'manifests').map((each, at) =>
      descriptor(each, `manifests[${at}]`),
    );
    return { kind: 'index', mediaType: type, manifests };
  }
  if (!isManifestType(type)) refuseManifestType(type);
  const config = descriptor(unsafe.config, 'config');
  checkConfigType(config.mediaType);
  return { kind: 'manifest', mediaType: type, config, layers: array(unsafe.layers, WHAT, 'layers').map(layer) };
}
