import { ProjectError } from '../../project/error.ts';
import { runningState, type ServicesState } from '../../project/service/state.ts';
import type { ServiceWork } from '../../project/service/work.ts';

/**
 * Gives the state of services that somebody attends to, undefined where nobody does. Throws a ProjectError where it is not what is
 * wanted: others run, or in an environment as it was before.
 */
export function alreadyUp(work: ServiceWork): ServicesState | undefined {
  const state = runningState(work.store, work.directory);
  if (state === undefined) return undefined;
  const changed = changedEnvironment(state, work);
  if (changed !== undefined) {
    throw new ProjectError('SERVICE', `the services run in the environment ${changed} as it was before it changed`, {
      hint: 'start them anew: sandbox down, then sandbox up',
    });
  }
  const missing = missingOf(state, work);
  if (missing.length === 0) return state;
  const isStarting = state.services.some(({ state: each }) => each === 'waiting' || each === 'starting');
  throw new ProjectError('SERVICE', `services are up, but not ready among them: ${missing.join(', ')}`, {
    hint: isStarting
      ? `wait: the process ${state.pid} is starting them`
      : 'start them anew: sandbox down, then sandbox up',
  });
}

/** Whether services that run are all that is wanted, and ready. */
export function isAllUp(state: ServicesState, work: ServiceWork): boolean {
  return changedEnvironment(state, work) === undefined && missingOf(state, work).length === 0;
}

function changedEnvironment(state: ServicesState, { environments }: ServiceWork): string | undefined {
  return [...environments.values()].find(({ environment, digest }) =>
    state.environments.some((running) => running.name === environment && running.digest !== digest),
  )?.environment;
}

function missingOf({ services }: ServicesState, work: ServiceWork): string[] {
  // One that has ended well has done what it was to do.
  const isReady = (name: string): boolean =>
    services.some(
      (running) =>
        running.name === name && (running.state === 'ready' || (running.state === 'stopped' && running.status === 0)),
    );
  return work.services.map(({ name }) => name).filter((name) => !isReady(name));
}
