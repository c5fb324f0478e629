import type { ReadyEnvironment } from '../../project/record.ts';
import { projectPart, rootOf } from '../project/open.ts';
import { SHIM_DIRECTORY } from '../project/trust/volumes.ts';
import type { TrialRequest } from './start-trial.ts';

/**
 * Gives what a trial takes of an environment: what it is made of, and not what it is given of the host. What is tried is not
 * trusted with that, whoever the environment is.
 */
export async function trialRequest(ready: ReadyEnvironment): Promise<Pick<TrialRequest, 'root' | 'project'>> {
  const shims = `${ready.directory}/${SHIM_DIRECTORY}`;
  const volumes = ready.volumes.filter(({ source }) => source === shims);
  return { root: await rootOf(ready), project: { ...projectPart(ready), volumes } };
}
