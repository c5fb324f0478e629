import { ImageError } from '../../image/error.ts';
import { parseImageConfig } from '../../image/image-config.ts';
import { parseManifest } from '../../image/manifest.ts';
import type { ImageConfig, ImageManifest } from '../../image/model.ts';
import { readBlob } from '../../store/blobs.ts';
import type { Digest } from '../../store/digest.ts';

/** Whatever the document calls itself. */
const ANY_TYPE = '';

/** Reads the manifest of that digest and the config that it names. Throws an ImageError or a StoreError. */
export function readContent(
  store: string,
  digest: Digest,
  mediaType: string = ANY_TYPE,
): { readonly manifest: ImageManifest; readonly config: ImageConfig } {
  const manifest = parseManifest(readBlob(store, digest), mediaType);
  if (manifest.kind === 'index') throw new ImageError('CORRUPT', `${digest} is an index, and no image`);
  return { manifest, config: parseImageConfig(readBlob(store, manifest.config.digest)) };
}
