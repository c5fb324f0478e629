import { ownBuild } from '../../linux/own-build.ts';
import { type ReadyEnvironment, readRecord } from '../../project/record.ts';
import { ownStore } from '../spec/own-store.ts';

/** How an environment is wished for. */
export interface Preparation {
  /** Absolute real path of the project. */
  readonly directory: string;
  readonly environment: string;
  /** Undefined: where the variable CI is set. */
  readonly frozen: boolean | undefined;
  /** No progress. */
  readonly quiet: boolean;
  /** Directory or tar from which results of steps may be taken. */
  readonly cacheFrom?: string;
  /** Only the steps before this number: the sandbox of `--at-step`. */
  readonly until?: number;
}

/** As npm ci, cargo and others take it: set, and not to something that says no. */
export function isFrozen(asked: boolean | undefined): boolean {
  return asked ?? !['', '0', 'false'].includes(process.env.CI ?? '');
}

/**
 * Gives an environment that can be started, built where that is needed: image pulled, steps run, lock written. As long as
 * nothing has changed one small file is read. Throws a ProjectError, and what pulling and building throw.
 */
export async function prepare(wishes: Preparation): Promise<ReadyEnvironment> {
  const frozen = isFrozen(wishes.frozen);
  if (wishes.until === undefined) {
    const ready = readRecord(ownStore(), { ...wishes, build: ownBuild(), frozen });
    if (ready !== undefined) return ready;
  }
  const { prepareAnew } = await import('./prepare-anew.ts');
  return (await prepareAnew({ ...wishes, frozen })).ready;
}
