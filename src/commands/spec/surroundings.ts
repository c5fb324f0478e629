import { currentDirectory, processEnvironment } from '../../linux/proc-self.ts';

/** What a request is read against: the process's own state, a plain object in tests. */
export interface Surroundings {
  readonly uid: number;
  readonly environment: ReadonlyMap<string, string>;
  /** Absolute real path. Throws a LinuxError where the directory was removed. */
  readonly currentDirectory: () => string;
}

export function ownSurroundings(): Surroundings {
  // Node has getuid on every system that is not Windows.
  return { uid: process.getuid?.() ?? 0, environment: processEnvironment(), currentDirectory };
}
