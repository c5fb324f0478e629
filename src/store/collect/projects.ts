import { readFileSync, rmSync, statSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { ASIDE } from '../aside.ts';
import { isFree } from '../lock.ts';
import { isEnvironmentFile } from '../projects.ts';
import { moveAway } from './layers.ts';
import { treesOfRecord } from './steps.ts';
import { namesIn, Sweep } from './sweep.ts';

/*
 * What is remembered of projects (store/projects.ts), and their caches.
 */

/** Inputs that were copied for a shell (`--at-step`) are looked at for so long. */
const INPUTS_KEPT_MS = 24 * 3600_000;
const ASIDE_KEPT_MS = 3600_000;

export interface ProjectSweep {
  /** Projects whose directory is gone. */
  readonly removed: number;
  /** Trees of the environments of the others, as they were built last and as their shims have them. */
  readonly trees: ReadonlySet<string>;
  /** Caches of projects that are gone, where they are now: in the trash. */
  readonly caches: readonly string[];
}

/** Forgets projects whose directory is gone. `allCaches`: caches go, whosever they are. */
export function sweepProjects(
  store: string,
  { now, allCaches }: { readonly now: number; readonly allCaches: boolean },
): ProjectSweep {
  const parent = `${store}/projects`;
  const trees = new Set<string>();
  const known = new Set<string>();
  let removed = 0;
  for (const id of namesIn(parent)) {
    const path = `${parent}/${id}`;
    if (isGone(path) && isFree(`${path}/lock`)) {
      rmSync(path, { recursive: true, force: true });
      removed += 1;
      continue;
    }
    known.add(id);
    // Shims stand on what their environment was when they were made, not on what it was when it was built last.
    for (const directory of [path, `${path}/shims`])
      for (const name of namesIn(directory).filter(isEnvironmentFile))
        for (const tree of treesOfRecord(`${directory}/${name}`)) trees.add(tree);
    new Sweep().files(path, (name, { mtimeMs }) => name.endsWith(ASIDE) && now - mtimeMs > ASIDE_KEPT_MS);
    for (const name of namesIn(`${path}/inputs`)) {
      const copy = `${path}/inputs/${name}`;
      // Their mtime is that of the image.
      if (now - (statSync(copy, { throwIfNoEntry: false })?.ctimeMs ?? now) > INPUTS_KEPT_MS) {
        rmSync(copy, { recursive: true, force: true });
      }
    }
  }
  return { removed, trees, caches: sweepCaches(store, (id) => allCaches || (id !== 'shared' && !known.has(id))) };
}

function isGone(path: string): boolean {
  let directory: string;
  try {
    directory = readFileSync(`${path}/path`, 'utf8');
  } catch {
    return true;
  }
  return statSync(fsPath(directory), { throwIfNoEntry: false }) === undefined;
}

/** Their files may belong to subordinate ids. */
function sweepCaches(store: string, isMeant: (id: string) => boolean): string[] {
  const parent = `${store}/caches`;
  return namesIn(parent)
    .filter((name) => statSync(`${parent}/${name}`, { throwIfNoEntry: false })?.isDirectory() && isMeant(name))
    .map((name) => moveAway(store, `${parent}/${name}`));
}
