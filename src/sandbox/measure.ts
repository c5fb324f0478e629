import type { HostFacts } from '../host/facts.ts';
import { type DiskUse, measureTrees } from '../store/disk-use.ts';
import { askInside } from './ask-inside.ts';

export interface Measurement {
  /** In the order of the paths. */
  readonly uses: readonly DiskUse[];
  /** Nothing was hidden from who measured. */
  readonly isWhole: boolean;
}

/**
 * Gives what trees take on the disk. Directories of subordinate ids, of mode 0700 say, are not for the user to enter: this
 * program starts itself in a user namespace that maps them. Where none can be made, what can be seen is counted.
 */
export function measureInside(facts: HostFacts, paths: readonly string[]): Measurement {
  if (paths.length === 0) return { uses: [], isWhole: true };
  const uses = measuredByHelper(facts, paths);
  return { uses: uses ?? measureTrees(paths), isWhole: uses !== undefined };
}

function measuredByHelper(facts: HostFacts, paths: readonly string[]): DiskUse[] | undefined {
  const { status, stdout } = askInside(facts, '__measure', paths, 64 * 1024 * 1024);
  return status === 0 ? (JSON.parse(stdout) as DiskUse[]) : undefined;
}
