import { surveyHost } from '../../host/survey.ts';
import { type LoadedImage, loadArchive } from '../../image/archive/load.ts';
import { lockToAdd } from '../../image/install/lock.ts';
import { installImage } from '../../image/install.ts';
import { readContent } from '../../image/local.ts';
import { hostPlatform, parsePlatform, platformText } from '../../image/platform.ts';
import { imageHost } from '../../sandbox/images.ts';
import { addUnnamedImage } from '../../store/images.ts';
import { ensureImageStore } from '../../store/layout.ts';
import { note, print } from '../../ui/output.ts';
import { startPullProgress } from '../../ui/progress/pull-progress.ts';
import { ownConfig } from '../spec/own-config.ts';
import { interruptible, PullInterrupted } from './interrupted.ts';

interface LoadOptions {
  /** Undefined: standard input. */
  readonly input: string | undefined;
  readonly platform: string | undefined;
  readonly quiet: boolean;
}

/** Loads all images of an archive and prints their names. Gives the exit status. Throws the domains' errors. */
export async function loadImages(options: LoadOptions): Promise<number> {
  try {
    await interruptible(async (signal) => await loadAll(options, signal));
    return 0;
  } catch (error) {
    if (!(error instanceof PullInterrupted)) throw error;
    // A read from a pipe into which nobody writes keeps the process alive.
    process.exit(error.status);
  }
}

async function loadAll({ input, platform, quiet }: LoadOptions, signal: AbortSignal): Promise<void> {
  const facts = surveyHost();
  const { store, arch } = facts;
  const wanted = platform === undefined ? hostPlatform(arch) : parsePlatform(platform);
  const { unpackLimit: limit } = await ownConfig();
  ensureImageStore(store);
  const lock = await lockToAdd(store, { note }, signal);
  const shown = input ?? 'standard input';
  const progress = startPullProgress(shown, { quiet });
  const { events } = progress;
  try {
    const source =
      input === undefined ? ({ kind: 'descriptor', descriptor: 0 } as const) : ({ kind: 'path', path: input } as const);
    events.resolving(shown);
    const loaded = await loadArchive(source, store, {
      platform: wanted,
      signal,
      limit,
      onUnknownName: (unsafeName) => events.note(`${JSON.stringify(unsafeName)} is no name of an image and left out`),
    });
    const host = imageHost(facts);
    for (const image of loaded) {
      const installed = await installImage(image, { host, events, limit, signal });
      const { platform: own } = installed.config;
      if (own.os !== wanted.os || own.architecture !== wanted.architecture) {
        events.note(`${image.names[0] ?? image.manifest.digest} is for ${platformText(own)}`);
      }
      if (image.names.length === 0) await addUnnamed(store, image, own);
    }
    for (const image of loaded) printLoaded(store, image);
  } finally {
    // What was loaded is said on standard output.
    progress.end('failed');
    lock.release();
  }
}

async function addUnnamed(
  store: string,
  { manifest, index }: LoadedImage,
  platform: ReturnType<typeof hostPlatform>,
): Promise<void> {
  const pulled = new Date().toISOString();
  await addUnnamedImage(store, { manifest, platform, pulled, ...(index === undefined ? {} : { index }) });
}

/** As podman does: the names, or the id of an image without one. */
function printLoaded(store: string, { names, manifest }: LoadedImage): void {
  if (names.length > 0) for (const name of names) print(`Loaded image: ${name}\n`);
  else print(`Loaded image: ${readContent(store, manifest.digest, manifest.mediaType).manifest.config.digest}\n`);
}
