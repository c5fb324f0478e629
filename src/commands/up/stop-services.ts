import { currentDirectory } from '../../linux/proc-self.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject } from '../../project/find.ts';
import { isAttended, readState, runningState } from '../../project/service/state.ts';
import { clearServices } from '../../project/service/supervisor.ts';
import { note } from '../../ui/output.ts';
import { ownStore } from '../spec/own-store.ts';

const LOOK_MS = 20;

/** Ends the services of the project here, or what is left of them. Gives the exit status. Throws a ProjectError. */
export async function stopServices(): Promise<number> {
  const directory = expectProject(currentDirectory());
  const store = ownStore();
  const state = runningState(store, directory);
  if (state === undefined) {
    const hadSome = await clearServices(store, directory);
    if (hadSome === undefined) throw new ProjectError('SERVICE', 'the services are being started just now: try again');
    note(hadSome ? 'no services were running: removed what was left of them' : 'no services are running');
    return 0;
  }
  const running = state.services.filter(({ state: each }) => each !== 'stopped' && each !== 'failed');
  process.kill(state.pid, 'SIGTERM');
  while (isAttended(state)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const killed = (readState(store, directory)?.services ?? []).filter(({ state: each }) => each === 'failed');
  note(`stopped: ${running.map(({ name }) => name).join(', ')}`);
  if (killed.length > 0) await clearServices(store, directory);
  return 0;
}
