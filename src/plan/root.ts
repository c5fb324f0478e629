import type { GroundEntry } from '../host/ground.ts';
import type { OverlayLayers, SetupOp } from '../launch/operations.ts';
import { type PlanInput, skeletonPath } from './input.ts';

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

/** Upper and work directories for `path`. */
export function changesOf(path: string): {
  upper: { directory: string; work: string };
  directories: Array<{ path: string; mode: number }>;
} {
  const upper = `upper${flat(path)}`;
  const work = `work${flat(path)}`;
  return { upper: { directory: upper, work }, directories: [upper, work].map((name) => ({ path: name, mode: 0o755 })) };
}

/** The root file system with everything that stays of the host or the directory; /proc, /dev and so on come later. */
export function planRoot(input: PlanInput): RootPlan {
  const { root, spec } = input;
  const volatile = spec.lifetime.kind === 'ephemeral';
  const changes = changesOf(ROOT);
  const lower = root.kind === 'host' ? skeletonPath(root.generation, '/') : root.path;
  const layers: OverlayLayers = { lower: [lower], upper: changes.upper, volatile };
  const directories = [{ path: 'root', mode: 0o755 }, ...changes.directories];
  const operations: SetupOp[] = [{ op: 'mountRootOverlay', layers }];
  if (root.kind === 'host') {
    for (const entry of root.ground) {
      const part = planGround(entry, root.generation, { volatile, readOnly: spec.readOnly });
      directories.push(...part.directories);
      operations.push(...part.operations);
    }
  }
  return { directories: unique(directories), operations };
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
