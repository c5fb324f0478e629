import { readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { ASIDE } from '../aside.ts';
import { layerName } from '../layers.ts';
import { readStepRecord, stepsDirectory } from '../steps.ts';
import { namesIn } from './sweep.ts';

/*
 * Results of steps: a record keeps its layer.
 */

export interface StepSweep {
  /** Id mapping of today (layers.ts): records of another one are of no use any more. */
  readonly key: string;
  /** Records that were not used since, milliseconds since 1970, go too; but for those in `kept`. Undefined: they stay. */
  readonly unusedSince: number | undefined;
  /** Trees of the environments of projects that are still there. */
  readonly kept: ReadonlySet<string>;
  readonly layersDirectory: string;
}

/** Removes records of steps; gives how many, and the names of the layers that the others keep. */
export function sweepSteps(
  store: string,
  { key, unusedSince, kept, layersDirectory }: StepSweep,
): { readonly removed: number; readonly layers: ReadonlySet<string> } {
  const layers = new Set<string>();
  let removed = 0;
  for (const own of namesIn(stepsDirectory(store))) {
    const directory = `${stepsDirectory(store)}/${own}`;
    for (const name of namesIn(directory)) {
      const path = `${directory}/${name}`;
      const record = own === key && !name.endsWith(ASIDE) ? readStepRecord(path) : undefined;
      const layer = record && layerName({ diffId: record.diffId });
      const isWanted =
        layer !== undefined &&
        (unusedSince === undefined ||
          lastUse(path) >= unusedSince ||
          kept.has(`${layersDirectory}/${key}/${layer}/tree`));
      if (isWanted) layers.add(layer);
      else {
        rmSync(path, { force: true });
        if (!name.endsWith(ASIDE)) removed += 1;
      }
    }
    try {
      rmdirSync(directory);
    } catch {
      // Not empty.
    }
  }
  return { removed, layers };
}

function lastUse(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Gives the names of the layers that records keep, of whatever id mapping. */
export function stepLayers(store: string): Set<string> {
  const parent = stepsDirectory(store);
  const records = namesIn(parent).flatMap((key) =>
    namesIn(`${parent}/${key}`).map((name) => `${parent}/${key}/${name}`),
  );
  return new Set(records.flatMap((path) => readStepRecord(path)?.diffId ?? []).map((diffId) => layerName({ diffId })));
}

/** Gives the trees that the record of an environment (project/record.ts) or of its shims (project/shim/record.ts) names; none where it is not one. */
export function treesOfRecord(path: string): string[] {
  try {
    const { ready, placed } = JSON.parse(readFileSync(path, 'utf8'));
    const layers: unknown = ready?.root?.layers;
    return [...(Array.isArray(layers) ? layers : []), placed].filter((layer) => typeof layer === 'string');
  } catch {
    return [];
  }
}
