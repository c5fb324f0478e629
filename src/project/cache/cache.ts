import type { ImageHost } from '../../image/host.ts';
import type { Sealer } from '../../image/pack/client.ts';
import type { Digest } from '../../store/digest.ts';

/*
 * Results of steps outside of the store: an OCI image layout in a directory or a tar archive (`--cache-to`, `--cache-from`). One
 * manifest an environment, whose layers are its steps'; the base image is named by annotations and not in it.
 */

/** A layer that is in the store. */
export interface TakenLayer {
  /** Path of its tree. */
  readonly tree: string;
  readonly diffId: Digest;
  /** Of the uncompressed archive. */
  readonly bytes: number;
}

/** A result that a cache has. Nothing of it is verified yet. */
export interface CachedResult {
  readonly diffId: Digest;
  /** Of the step, as the cache has it: for messages. */
  readonly unsafeName: string;
}

/** A cache to take results from. */
export interface CacheSource {
  /** Gives what the cache has for a step's key (BuiltStep, `key`); undefined: nothing. */
  readonly find: (key: Digest) => CachedResult | undefined;
  /**
   * Brings the layer into the store, verified by its digests, and gives it. The caller keeps the store locked (`shared`).
   * Rejects with a ProjectError of code CACHE, which names the cache and the step, where there is none of that key or it is
   * not what its digests say; with a StoreError.
   */
  readonly take: (key: Digest) => Promise<TakenLayer>;
  /** Must be called at the end. What was taken is written to the disk after it, by a process that outlives this one. */
  readonly close: () => Promise<void>;
}

export interface CacheSourceOptions {
  readonly host: ImageHost;
  /** Largest size of one unpacked layer, bytes: `unpack-limit`. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** A step's result to be written; a BuiltStep has all of it but the name, which is its step's. */
export interface CacheLayer {
  readonly key: Digest;
  readonly name: string;
  readonly diffId: Digest;
  readonly tree: string;
  readonly bytes: number;
}

/** An environment to be written. */
export interface CacheEnvironment {
  readonly project: string;
  readonly environment: string;
  /** As BaseImage has them. */
  readonly base: {
    readonly name: string;
    readonly manifest: Digest;
    readonly platform: string;
    readonly created?: string;
  };
  /** From the first on. */
  readonly layers: readonly CacheLayer[];
}

export interface CacheTargetOptions {
  readonly host: ImageHost;
  /** Gives the archives of the layers. */
  readonly sealer: Sealer;
  readonly signal?: AbortSignal;
}

/**
 * Opens a cache: a directory, or a tar archive (compressed or not), as a byte string. Rejects with a ProjectError of code CACHE
 * where it cannot be read or is none.
 */
export async function cacheSource(path: string, options: CacheSourceOptions): Promise<CacheSource> {
  const { openCache } = await import('./source.ts');
  return await openCache(path, options);
}

/**
 * Writes environments to a cache: a file where the path ends in `.tar`, else a directory. What is there already stays, but for
 * the environments of the same project, name and platform, which are replaced. Rejects with a ProjectError of code CACHE.
 */
export async function writeCache(
  path: string,
  environments: readonly CacheEnvironment[],
  options: CacheTargetOptions,
): Promise<void> {
  const { fillCache } = await import('./target.ts');
  await fillCache(path, environments, options);
}
