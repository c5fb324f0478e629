import { surveyHost } from '../../host/survey.ts';
import type { Digest } from '../../store/digest.ts';
import { ProjectError } from '../error.ts';
import { LOCK_FILE } from '../find.ts';
import { readProjectFile } from '../project-file.ts';
import { replaceInProject, whileWriting } from './writing.ts';

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
  /** How it was made of another one; undefined: it was read. writeLock does it again, to what others have written meanwhile. */
  readonly change?: (lock: Lock) => Lock;
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

/**
 * Writes sandbox.lock, unless it says so already: the same lock is always the same text. A lock that was made of another one
 * (`change`) is made anew of what is in the file by then, so that what another process has written is not lost. Throws a
 * ProjectError of code LOCK, and the StoreError of whileWriting.
 */
export async function writeLock(directory: string, lock: Lock, store = surveyHost().store): Promise<void> {
  const { formatLock } = await import('./format.ts');
  const path = `${directory}/${LOCK_FILE}`;
  await whileWriting(store, directory, async () => {
    const text = formatLock(lock.change === undefined ? lock : await madeAnew(directory, lock.change));
    const bytes = Buffer.from(text);
    if (readProjectFile(path)?.equals(bytes) === true) return;
    try {
      replaceInProject(directory, LOCK_FILE, bytes);
    } catch (cause) {
      const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it failed';
      throw new ProjectError('LOCK', `${path} cannot be written: ${errno}`, {
        hint: "make the project's directory writable, or use --frozen where the lock is complete",
        cause,
      });
    }
  });
}

async function madeAnew(directory: string, change: (lock: Lock) => Lock): Promise<Lock> {
  const current = await readLockToMend(directory);
  const next = change(current);
  const isDropped = (['images', 'steps'] as const).some((of) =>
    [...current[of].keys()].some((key) => !next[of].has(key)),
  );
  return isDropped ? await withLater(directory, current, next) : next;
}

/** An environment may have come into sandbox.toml since that was read for the change, and have been built: it stays. */
async function withLater(directory: string, current: Lock, next: Lock): Promise<Lock> {
  const [{ loadProject }, { pruned }] = await Promise.all([import('../load.ts'), import('./steps.ts')]);
  try {
    const { environments } = await loadProject(directory);
    const { images, steps } = pruned(current, environments);
    const stillBuilt = [...steps].filter(([name]) => environments.get(name)?.steps.length !== 0);
    return { images: new Map([...images, ...next.images]), steps: new Map([...stillBuilt, ...next.steps]) };
  } catch {
    // sandbox.toml has a fault by now, which whoever starts something next is told.
    return next;
  }
}
