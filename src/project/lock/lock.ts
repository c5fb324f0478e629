import type { Digest } from '../../store/digest.ts';
import { ProjectError } from '../error.ts';

/** `linux/amd64`. */
export type PlatformText = string;

/** What an image's name meant when it was locked. */
export interface LockedImage {
  /** In full: `docker.io/library/debian:bookworm`. */
  readonly name: string;
  /** Of the multi-platform index; undefined where the registry had a single image. */
  readonly index?: Digest;
  /** Of the manifests. */
  readonly platforms: ReadonlyMap<PlatformText, Digest>;
}

export interface LockedStep {
  readonly name: string;
  /** Of the script, variables, caches and inputs: the same for all platforms (build/recipe.ts). */
  readonly recipe: Digest;
  /** Of the inputs' content; undefined where it has none. */
  readonly inputs?: Digest;
  /** Diff ids of the layers; none where the step is not reproducible, or was not built on that platform yet. */
  readonly results: ReadonlyMap<PlatformText, Digest>;
}

/** sandbox.lock. */
export interface Lock {
  /** By the image as sandbox.toml writes it. */
  readonly images: ReadonlyMap<string, LockedImage>;
  /** By environment, in order. */
  readonly steps: ReadonlyMap<string, readonly LockedStep[]>;
}

export const EMPTY_LOCK: Lock = { images: new Map(), steps: new Map() };

/**
 * Reads sandbox.lock of a project's directory; EMPTY_LOCK where there is none. Throws a ProjectError of code LOCK, with line and
 * column, for one that is damaged, and for one of a later version.
 */
export async function readLock(directory: string): Promise<Lock> {
  throw new ProjectError('LOCK', `not there yet: ${directory}`);
}

/** Writes sandbox.lock, unless it says so already: the same lock is always the same text. */
export async function writeLock(directory: string, _lock: Lock): Promise<void> {
  throw new ProjectError('LOCK', `not there yet: ${directory}`);
}
