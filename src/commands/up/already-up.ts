import type { ServicesState } from '../../project/service/state.ts';
import type { ServiceWork } from '../../project/service/work.ts';

/** Whether services that run are all that is wanted, and ready. */
export function isAllUp(state: ServicesState, { services, environments }: ServiceWork): boolean {
  const isSame = [...environments.values()].every(({ environment, digest }) =>
    state.environments.every((running) => running.name !== environment || running.digest === digest),
  );
  return isSame && services.every(({ name }) => isReady(state, name));
}

/** One that has ended well has done what it was to do. */
function isReady({ services }: ServicesState, name: string): boolean {
  return services.some(
    (running) =>
      running.name === name && (running.state === 'ready' || (running.state === 'stopped' && running.status === 0)),
  );
}
