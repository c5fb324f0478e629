import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';

export type Koffi = typeof import('koffi');

/** Not among Node's constants; the same on x86_64 and arm64, unlike O_DIRECTORY, which it contains. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

let loaded: Koffi | undefined;

/**
 * Gives koffi, the foreign function interface, loading it at the first call: it costs a few milliseconds that many
 * commands need not pay.
 *
 * In the executable, koffi's native file is an asset, and the dynamic linker needs a file: an unnamed one (O_TMPFILE,
 * open(2)), which is gone with its descriptor; where no directory takes one that may be executed, a named one in the
 * cache directory, removed as soon as it is mapped.
 * Throws KoffiError where no place would do.
 */
export function loadKoffi(): Koffi {
  loaded ??= isSea() ? loadFromAsset() : (createRequire(import.meta.url)('koffi') as Koffi);
  return loaded;
}

export class KoffiError extends Error {
  readonly code = 'KOFFI_NOT_LOADED';
  readonly hint =
    'set XDG_RUNTIME_DIR or XDG_CACHE_HOME to a writable directory on a file system mounted without noexec';
}

function loadFromAsset(): Koffi {
  const image = new Uint8Array(getRawAsset('koffi.node'));
  const refusals: Error[] = [];
  for (const load of loaders()) {
    try {
      return load(image);
    } catch (error) {
      refusals.push(error as Error);
    }
  }
  const reasons = refusals.map(({ message }) => message).join('; ');
  throw new KoffiError(`cannot load koffi's native library: ${reasons}`, { cause: new AggregateError(refusals) });
}

/** In the order of preference: memory before disk, and the one that shows a name last. */
function* loaders(): Generator<(image: Uint8Array) => Koffi> {
  const { XDG_RUNTIME_DIR: runtime, XDG_CACHE_HOME: caches } = process.env;
  const cache = join(caches || join(homedir(), '.cache'), 'sandbox');
  if (runtime) yield (image) => loadUnnamed(runtime, image);
  yield (image) => loadUnnamed('/dev/shm', image);
  yield (image) => loadUnnamed('/tmp', image);
  yield (image) => {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    return loadUnnamed(cache, image);
  };
  yield (image) => loadNamed(cache, image);
}

function loadUnnamed(directory: string, image: Uint8Array): Koffi {
  // O_EXCL: nobody can give the file a name with linkat().
  const descriptor = openSync(directory, O_TMPFILE | constants.O_RDWR | constants.O_EXCL, 0o700);
  try {
    for (let written = 0; written < image.length; ) written += writeSync(descriptor, image, written);
    return loadNative(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

function loadNamed(directory: string, image: Uint8Array): Koffi {
  const unique = mkdtempSync(join(directory, 'koffi-'));
  try {
    const path = join(unique, 'koffi.node');
    writeFileSync(path, image, { mode: 0o700 });
    return loadNative(path);
  } finally {
    rmSync(unique, { recursive: true, force: true });
  }
}

/** The native module is koffi's interface; its JavaScript only finds the file and adds deprecated names. */
function loadNative(path: string): Koffi {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports as Koffi;
}
