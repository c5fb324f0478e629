import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { asidePath } from '../../store/aside.ts';
import type { Digest } from '../../store/digest.ts';
import { ProjectError } from '../error.ts';
import { LOCK_FILE } from '../find.ts';
import { readProjectFile } from '../project-file.ts';

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
  const path = `${directory}/${LOCK_FILE}`;
  const text = readProjectFile(path)?.toString('utf8');
  if (text === undefined) return EMPTY_LOCK;
  const { parseLock } = await import('./parse.ts');
  return parseLock(text, path);
}

/**
 * The same for who writes it anew: of conflicts that a merge has left our side counts. What is wrong otherwise is refused as ever:
 * it may be worth more than what would come instead.
 */
export async function readLockToMend(directory: string): Promise<Lock> {
  const path = `${directory}/${LOCK_FILE}`;
  const { isOfLaterVersion, oursOf, parseLock } = await import('./parse.ts');
  const text = readProjectFile(path)?.toString('utf8') ?? '';
  const ours = oursOf(text);
  if (ours === undefined) return await readLock(directory);
  try {
    return parseLock(ours, path);
  } catch (error) {
    const isBroken = error instanceof ProjectError && error.code === 'LOCK' && !isOfLaterVersion(ours);
    if (isBroken) return EMPTY_LOCK;
    throw error;
  }
}

/** Writes sandbox.lock, unless it says so already: the same lock is always the same text. Throws a ProjectError. */
export async function writeLock(directory: string, lock: Lock): Promise<void> {
  const { formatLock } = await import('./format.ts');
  const path = `${directory}/${LOCK_FILE}`;
  const bytes = Buffer.from(formatLock(lock));
  if (readProjectFile(path)?.equals(bytes) === true) return;
  const aside = asidePath(`${directory}/.${LOCK_FILE}`);
  try {
    writeFileSync(fsPath(aside), bytes, { flag: 'wx', mode: 0o666, flush: true });
    renameSync(fsPath(aside), fsPath(path));
  } catch (cause) {
    rmSync(fsPath(aside), { force: true });
    const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it failed';
    throw new ProjectError('LOCK', `${path} cannot be written: ${errno}`, {
      hint: "make the project's directory writable, or use --frozen where the lock is complete",
      cause,
    });
  }
}
