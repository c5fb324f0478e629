import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import { fsPath } from '../linux/paths.ts';
import { fsyncDirectory } from '../linux/sync.ts';
import { asideName, makeAside, removeAbandoned } from './aside.ts';
import { errorCode, HostError } from './error.ts';
import type { Ground } from './ground.ts';
import { buildSkeletonTree, type SkeletonSize } from './skeleton-tree.ts';
import { generationName, type Owner, stampOf, watchedPaths } from './stamp.ts';

/*
 * $store/host/GENERATION/     a skeleton, complete and never changed; GENERATION: 16 hexadecimal digits (stamp.ts)
 * $store/host/current.json    the latest one, and the paths to look at to tell whether it is still right
 * $store/host/.tmp-…          being built, or left by a builder that was killed (aside.ts)
 */

/** A skeleton on the disk: the directory to put above the host's own in an overlay. */
export interface Skeleton {
  readonly path: string;
  readonly generation: string;
}

interface CurrentFile {
  readonly generation: string;
  readonly watched: readonly string[];
  /** Compared as it is: hashing it takes longer than reading it. */
  readonly stamp: string;
}

const GENERATION = /^[0-9a-f]{16}$/;
/** The latest ones stay: a host whose mounts come and go (containers start and stop) changes between few grounds. */
const KEPT_GENERATIONS = 2;

function hostDirectory(store: string): string {
  return `${store}/host`;
}

function parseCurrent(text: string): CurrentFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('version' in value) || value.version !== 1 || !('generation' in value) || !('watched' in value))
    return undefined;
  if (!('stamp' in value) || typeof value.stamp !== 'string') return undefined;
  const { generation, watched, stamp } = value;
  if (typeof generation !== 'string' || !GENERATION.test(generation)) return undefined;
  if (!Array.isArray(watched) || !watched.every((path): path is string => typeof path === 'string')) return undefined;
  return { generation, watched, stamp };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(fsPath(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

function processOwner(): Owner {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/**
 * Gives the skeleton for a ground if there is one that is still right, else undefined. Takes about a millisecond: it
 * looks at the change times of some 200 paths.
 */
export function currentSkeleton(store: string, ground: Ground, owner: Owner = processOwner()): Skeleton | undefined {
  let text: string;
  try {
    text = readFileSync(fsPath(`${hostDirectory(store)}/current.json`), 'utf8');
  } catch {
    return undefined;
  }
  const current = parseCurrent(text);
  if (current === undefined) return undefined;
  if (stampOf(ground, current.watched, owner) !== current.stamp) return undefined;
  const path = `${hostDirectory(store)}/${current.generation}`;
  return isDirectory(path) ? { path, generation: current.generation } : undefined;
}

function storeError(store: string, error: unknown): unknown {
  if (error instanceof HostError) return error;
  const code = errorCode(error);
  if (code === undefined) return error;
  const failed = `the skeleton of the host's system cannot be written to ${store}`;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const cause = code === 'ENOSPC' ? 'no space (or no inode) is left on the device' : 'your disk quota is used up';
    return new HostError('STORE_FULL', `${failed}: ${cause} (${code})`, {
      hint: 'free about 100 MB and 20,000 inodes there, or set XDG_DATA_HOME to a directory on another file system',
      cause: error,
    });
  }
  return new HostError('STORE', `${failed} (${code})`, {
    hint: 'check that the directory is yours and writable, or set XDG_DATA_HOME to another one',
    cause: error,
  });
}

function discard(path: string): void {
  try {
    rmSync(fsPath(path), { recursive: true, force: true });
  } catch {
    // It keeps its name of something begun; removeAbandoned() gets it later.
  }
}

function writeCurrent(directory: string, current: CurrentFile): void {
  const aside = `${directory}/${asideName()}`;
  try {
    writeFileSync(fsPath(aside), JSON.stringify({ version: 1, ...current }), { flush: true, flag: 'wx' });
    renameSync(fsPath(aside), fsPath(`${directory}/current.json`));
  } catch (error) {
    discard(aside);
    throw error;
  }
}

/** Renames what was built into place; when another builder was faster, theirs is as good. */
function publish(aside: string, path: string): void {
  try {
    renameSync(fsPath(aside), fsPath(path));
  } catch (error) {
    if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
    discard(aside);
  }
}

/**
 * Gives the skeleton for a ground, and builds it when there is none that is still right: the first time, and after the
 * host's software or configuration changed; that takes seconds, reported to `onProgress`. Everything is built aside and
 * renamed into place, so that any number of callers may do this at once and be killed at any instant.
 *
 * Throws a HostError with code STORE_FULL or STORE when it cannot be written; nothing is left then.
 */
export function ensureSkeleton(
  store: string,
  ground: Ground,
  onProgress: (size: SkeletonSize) => void = () => {},
  owner: Owner = processOwner(),
): Skeleton {
  const current = currentSkeleton(store, ground, owner);
  if (current !== undefined) return current;
  const directory = hostDirectory(store);
  // Stamped before it is built: what the host changes meanwhile makes it out of date at once.
  const watched = watchedPaths(ground);
  const stamp = stampOf(ground, watched, owner);
  const generation = generationName(watched, stamp);
  const path = `${directory}/${generation}`;
  try {
    makeDirectory(directory);
    removeAbandoned(directory);
    if (!isDirectory(path)) build(directory, path, ground, owner, onProgress);
    writeCurrent(directory, { generation, watched, stamp });
  } catch (error) {
    throw storeError(store, error);
  }
  return { path, generation };
}

function build(
  directory: string,
  path: string,
  ground: Ground,
  owner: Owner,
  onProgress: (size: SkeletonSize) => void,
): void {
  const aside = makeAside(directory);
  try {
    // A level deeper, so that the mode of the generation itself is that of a root directory.
    const root = `${aside}/root`;
    mkdirSync(fsPath(root), { mode: 0o755 });
    onProgress(buildSkeletonTree(root, ground, owner, onProgress));
    fsyncDirectory(root);
    publish(root, path);
    fsyncDirectory(directory);
  } finally {
    discard(aside);
  }
}

/**
 * Gives the generations that can be removed: not the current one, not the one before it, none of `inUse` (those that
 * running or named sandboxes were made with).
 */
export function staleGenerations(store: string, inUse: ReadonlySet<string>): string[] {
  const directory = hostDirectory(store);
  let names: string[];
  let current: string | undefined;
  try {
    names = readdirSync(fsPath(directory)).filter((name) => GENERATION.test(name));
  } catch {
    return [];
  }
  try {
    current = parseCurrent(readFileSync(fsPath(`${directory}/current.json`), 'utf8'))?.generation;
  } catch {
    // Without it the two newest stay.
  }
  const age = (name: string): number =>
    statSync(fsPath(`${directory}/${name}`), { throwIfNoEntry: false })?.ctimeMs ?? 0;
  const rank = new Map(names.map((name) => [name, name === current ? Number.POSITIVE_INFINITY : age(name)]));
  return names
    .sort((a, b) => (rank.get(b) ?? 0) - (rank.get(a) ?? 0))
    .slice(KEPT_GENERATIONS)
    .filter((name) => !inUse.has(name));
}

/** Removes a generation: first out of sight, so that nobody finds a half. Throws a HostError when it cannot be. */
export function removeGeneration(store: string, generation: string): void {
  const directory = hostDirectory(store);
  const aside = `${directory}/${asideName()}`;
  try {
    renameSync(fsPath(`${directory}/${generation}`), fsPath(aside));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw storeError(store, error);
  }
  discard(aside);
}
