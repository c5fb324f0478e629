import { surveyHost } from '../../host/survey.ts';
import { writeDirectory, writeTarFile } from '../../image/archive/output.ts';
import { dockerFiles, layoutFiles, type SavedImage, writeTar } from '../../image/archive/save.ts';
import { rootMapping } from '../../plan/identity.ts';
import { layerKey } from '../../store/layers.ts';
import { lockStore } from '../../store/lock.ts';
import { note, printBytes } from '../../ui/output.ts';
import { interruptible, PullInterrupted } from './interrupted.ts';
import type { FORMATS } from './save.ts';
import { selectStored, storedImages } from './stored.ts';

interface SaveOptions {
  readonly format: (typeof FORMATS)[number];
  /** Undefined: standard output. */
  readonly output: string | undefined;
}

/** Takes names and beginnings of ids as they were typed and saves the images. Gives the exit status. Throws the domains' errors. */
export async function saveImages(unsafeNames: readonly string[], options: SaveOptions): Promise<number> {
  try {
    await interruptible(async (signal) => await save(await selected(unsafeNames), options, signal));
    return 0;
  } catch (error) {
    if (error instanceof PullInterrupted) return error.status;
    throw error;
  }
}

/** An image that was typed by several of its names is saved once, under these. */
async function selected(unsafeNames: readonly string[]): Promise<SavedImage[]> {
  const images = storedImages();
  const wanted = new Map<string, SavedImage & { names: string[] }>();
  for (const unsafeName of unsafeNames) {
    const { name, id, stored } = await selectStored(unsafeName, images);
    const { manifest, platform } = stored;
    const image = wanted.get(manifest.digest) ?? { names: [], manifest, platform };
    wanted.set(manifest.digest, image);
    const byId = id.startsWith(unsafeName) || manifest.digest.includes(unsafeName);
    if (name !== undefined && !byId && !image.names.includes(name)) image.names.push(name);
  }
  return [...wanted.values()];
}

async function save(
  images: readonly SavedImage[],
  { format, output }: SaveOptions,
  signal: AbortSignal,
): Promise<void> {
  const facts = surveyHost();
  const { store } = facts;
  // Garbage collection must not take the blobs of an image that is removed meanwhile.
  const lock = await lockStore(store, 'shared', {
    signal,
    onWait: () => note('waiting for another process that cleans the store up'),
  });
  try {
    const context = { store, layerKey: layerKey(rootMapping(facts)) };
    const all = format === 'docker-archive' ? await dockerFiles(context, images) : layoutFiles(context, images);
    const files = all.map((file) => ({ ...file, chunks: () => abortable(file.chunks(), signal) }));
    if (output === undefined) await writeTar(files, printBytes);
    else if (format === 'oci-dir') await writeDirectory(output, files);
    else await writeTarFile(output, files);
  } finally {
    lock.release();
  }
}

/** Signals are heard where the event loop turns. */
async function* abortable(
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield chunk;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}
