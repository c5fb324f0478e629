import { ProjectError } from '../error.ts';
import type { BuildRequest, BuiltEnvironment } from './model.ts';

/**
 * Builds the steps of an environment, as far as there is no result of them. Throws a ProjectError (STEP_FAILED with the step's
 * number and log, INPUT), StoreError, SandboxError or LaunchError; nothing is left then but the results of earlier steps.
 */
export async function buildEnvironment(request: BuildRequest): Promise<BuiltEnvironment> {
  throw new ProjectError('STEP_FAILED', `not there yet: ${request.environment.name}`);
}
