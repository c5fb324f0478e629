import { inUse } from '../../store/in-use.ts';
import { ownStore } from '../spec/own-store.ts';
import { contentOf, historySteps } from './image-history.ts';
import { type StoredInfo, selectStored, sizeOf, storedImages } from './stored.ts';

/** The stable form for programs: docs/images.md. */
function inspected(image: StoredInfo, all: readonly StoredInfo[], sandboxes: readonly string[]): object {
  const { id, stored } = image;
  const { manifest, config, layers } = contentOf(image);
  const { defaults } = config;
  const names = all.flatMap(({ name, stored: other }) =>
    name !== undefined && other.manifest.digest === stored.manifest.digest ? [name] : [],
  );
  return {
    id,
    digest: stored.manifest.digest,
    mediaType: stored.manifest.mediaType,
    index: stored.index?.digest ?? null,
    names,
    platform: config.platform,
    created: config.created ?? null,
    author: config.author ?? null,
    pulled: stored.pulled,
    size: sizeOf(image) ?? null,
    compressedSize: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    config: {
      entrypoint: defaults.entrypoint,
      cmd: defaults.cmd,
      env: defaults.env.map(([name, value]) => `${name}=${value}`),
      workingDir: defaults.workingDir ?? null,
      user: defaults.user ?? null,
      stopSignal: defaults.stopSignal ?? null,
      volumes: defaults.volumes,
      exposedPorts: defaults.exposedPorts,
      labels: defaults.labels,
    },
    layers: manifest.layers.map(({ digest, mediaType, size }, at) => ({
      digest,
      mediaType,
      size,
      diffId: layers[at]?.diffId ?? null,
      tree: layers[at]?.tree ?? null,
    })),
    history: historySteps({ manifest, config }),
    sandboxes,
  };
}

/** Takes images as they were typed and gives the text about all of them. Throws an ImageError or a StoreError. */
export async function inspectImages(unsafeNames: readonly string[]): Promise<string> {
  const all = storedImages();
  const { manifests } = inUse(ownStore());
  const found: object[] = [];
  for (const unsafeName of unsafeNames) {
    const image = await selectStored(unsafeName, all);
    found.push(inspected(image, all, manifests.get(image.stored.manifest.digest) ?? []));
  }
  return `${JSON.stringify(found, null, 2)}\n`;
}
