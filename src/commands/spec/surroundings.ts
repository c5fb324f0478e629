import type { Config } from '../../config/config.ts';
import { currentDirectory, processEnvironment } from '../../linux/proc-self.ts';
import { ownConfig } from './own-config.ts';

/** What a request is read against: the process's own state, a plain object in tests. */
export interface Surroundings {
  readonly uid: number;
  readonly environment: ReadonlyMap<string, string>;
  /** Absolute real path. Throws a LinuxError where the directory was removed. */
  readonly currentDirectory: () => string;
  /** The user's configuration. Throws a ConfigError. */
  readonly config: () => Promise<Config>;
}

export function ownSurroundings(): Surroundings {
  // Node has getuid on every system that is not Windows.
  return { uid: process.getuid?.() ?? 0, environment: processEnvironment(), currentDirectory, config: ownConfig };
}
