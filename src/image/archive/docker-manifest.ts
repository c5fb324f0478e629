import { invalidArchive } from './error.ts';

/** An image of a `docker save` archive, as its manifest.json says: names of members of the archive, and tags. */
export interface DockerImage {
  readonly unsafeConfig: string;
  /** From the lowest up. */
  readonly unsafeLayers: readonly string[];
  readonly unsafeTags: readonly string[];
}

/**
 * Takes the bytes of manifest.json: the Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset
 * Format". Throws an ImageError where it is not of that form.
 */
export function parseDockerManifest(bytes: Buffer, shown: string): DockerImage[] {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalidArchive(shown, 'its manifest.json is no JSON');
  }
  if (!Array.isArray(value)) throw invalidArchive(shown, 'its manifest.json is no list of images');
  if (value.length === 0) throw invalidArchive(shown, 'its manifest.json has no images');
  return value.map((each: unknown, at) => {
    const refuse = (): never => {
      throw invalidArchive(shown, `image ${at + 1} of its manifest.json is malformed`);
    };
    if (typeof each !== 'object' || each === null) return refuse();
    const { Config, Layers, RepoTags }: { Config?: unknown; Layers?: unknown; RepoTags?: unknown } = each;
    // Go's encoders write empty lists as null.
    const layers = Layers ?? [];
    const tags = RepoTags ?? [];
    if (typeof Config !== 'string' || !areStrings(layers) || !areStrings(tags)) return refuse();
    return { unsafeConfig: Config, unsafeLayers: layers, unsafeTags: tags };
  });
}

function areStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
