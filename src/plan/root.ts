import type { GroundEntry } from '../host/ground.ts';
import type { MountAttributes, OverlayLayers, SetupOp } from '../launch/operations.ts';
import { type PlanInput, type RootSource, skeletonPath } from './input.ts';

/** Set-up of a root file system, and the directories that it needs in the sandbox's own. */
export interface RootPlan {
  readonly directories: ReadonlyArray<{ readonly path: string; readonly mode: number }>;
  readonly operations: readonly SetupOp[];
}

/** Names of the root's own changes … */
const ROOT = '';
/** … and of those of a workspace that is copied on write: no path of the host, which are absolute. */
export const WORKSPACE = '-workspace';

/** A path as one name: every sandbox directory that is made costs time, so they do not nest. */
function flat(path: string): string {
  return path.replace(/[%/]/g, (character) => (character === '/' ? '%2F' : '%25'));
}

/** Upper and work directories for `path`; `mode`: of the upper one, which is what is seen. */
function changesOf(
  path: string,
  mode = 0o755,
): {
  upper: { directory: string; work: string };
  directories: Array<{ path: string; mode: number }>;
} {
  const upper = `upper${flat(path)}`;
  const work = `work${flat(path)}`;
  const directories = [
    { path: upper, mode },
    { path: work, mode: 0o755 },
  ];
  return { upper: { directory: upper, work }, directories };
}

/** Stands for the layers of an empty image. */
const EMPTY = 'empty';

/** The root file system with everything that stays of the host or the layers; /proc, /dev and so on come later. */
export function planRoot(input: PlanInput): RootPlan {
  const { root, spec } = input;
  const base = planCopyOnWrite(input, ROOT, lowersOf(root), input.rootMode);
  const directories = [{ path: 'root', mode: 0o755 }, ...base.directories];
  if (isEmpty(root)) directories.push({ path: EMPTY, mode: 0o755 });
  const operations = [...base.operations];
  if (root.kind === 'host') {
    const volatile = spec.lifetime.kind !== 'named';
    for (const entry of root.ground) {
      const part = planGround(entry, root.generation, { volatile, readOnly: spec.readOnly });
      directories.push(...part.directories);
      operations.push(...part.operations);
    }
  }
  return { directories: unique(directories), operations };
}

const isEmpty = (root: RootSource): boolean => root.kind === 'image' && root.layers.length === 0;

/** Uppermost first. */
function lowersOf(root: RootSource): readonly string[] {
  if (root.kind === 'host') return [skeletonPath(root.generation, '/')];
  if (root.kind === 'directory') return [root.path];
  return isEmpty(root) ? [EMPTY] : root.layers;
}

/**
 * Shows directories of the host, uppermost first, copy-on-write as the storage driver makes it: as the root file system, or at
 * a place in it. `mode`: permission bits of its topmost directory.
 */
export function planCopyOnWrite(
  { driver, spec }: PlanInput,
  path: string,
  lower: readonly string[],
  mode = 0o755,
  place?: { readonly target: string; readonly attributes: MountAttributes },
): RootPlan {
  if (driver.kind === 'copy') {
    const directory = `copy${flat(path)}`;
    const mount: SetupOp = place
      ? { op: 'bind', source: directory, ...place, recursive: false, optional: false }
      : { op: 'mountRootDirectory', source: directory };
    const sync = spec.lifetime.kind === 'named';
    return {
      directories: [],
      operations: [{ op: 'copyLayers', helper: driver.helper, lower, directory, sync }, mount],
    };
  }
  const { upper, directories } = changesOf(path, mode);
  const layers: OverlayLayers = { lower, upper, volatile: spec.lifetime.kind !== 'named' };
  if (driver.kind === 'native') {
    const mount: SetupOp = place ? { op: 'overlay', layers, ...place } : { op: 'mountRootOverlay', layers };
    return { directories, operations: [mount] };
  }
  const { program } = driver;
  const mount: SetupOp = place
    ? { op: 'fuseOverlay', program, layers, ...place }
    : { op: 'mountRootFuseOverlay', program, layers };
  return { directories, operations: [mount] };
}

/** The skeleton has a place for every entry already, so only mounts are left to make. */
function planGround(
  entry: GroundEntry,
  generation: string,
  { volatile, readOnly }: { volatile: boolean; readOnly: boolean },
): RootPlan {
  const { path } = entry;
  if (entry.kind === 'overlay') {
    const changes = changesOf(path);
    const layers: OverlayLayers = { lower: [skeletonPath(generation, path), path], upper: changes.upper, volatile };
    const attributes = { noSuid: true, noDev: true, readOnly };
    return { directories: changes.directories, operations: [{ op: 'overlay', target: path, layers, attributes }] };
  }
  if (entry.kind === 'file' || entry.kind === 'bind') {
    const attributes = { noSuid: true, noDev: true, readOnly: true };
    const bind: SetupOp = {
      op: 'bind',
      source: path,
      target: path,
      recursive: entry.kind === 'bind',
      attributes,
      optional: true,
    };
    return { directories: [], operations: [bind] };
  }
  return { directories: [], operations: [] };
}

function unique(directories: ReadonlyArray<{ path: string; mode: number }>): Array<{ path: string; mode: number }> {
  return [...new Map(directories.map((directory) => [directory.path, directory])).values()];
}
