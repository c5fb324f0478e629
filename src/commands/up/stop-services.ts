import { currentDirectory } from '../../linux/proc-self.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject } from '../../project/find.ts';
import { callSupervisor } from '../../project/service/call.ts';
import { isAttended, readState, runningState, type ServicesState } from '../../project/service/state.ts';
import { clearServices } from '../../project/service/supervise.ts';
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
  const running = aliveIn(state);
  process.kill(state.pid, 'SIGTERM');
  await untilUnattended(state);
  const killed = (readState(store, directory)?.services ?? []).filter(({ state: each }) => each === 'failed');
  note(running.length === 0 ? 'no services are running' : `stopped: ${running.join(', ')}`);
  if (killed.length > 0) await clearServices(store, directory);
  return 0;
}

/** Ends these services of the project here, and those that require one of them. Gives the exit status. Throws a ProjectError. */
export async function stopSome(names: readonly string[]): Promise<number> {
  const directory = expectProject(currentDirectory());
  const store = ownStore();
  const state = runningState(store, directory);
  const running = state === undefined ? [] : aliveIn(state);
  await expectKnown(directory, names, running);
  const wanted = names.filter((name) => running.includes(name));
  if (state === undefined || wanted.length === 0) {
    note(`not running: ${names.join(', ')}`);
    return 0;
  }
  const call = state.purpose === 'command' ? undefined : await callSupervisor(store, directory);
  if (call === undefined) {
    throw new ProjectError('SERVICE', 'the services run for a command, and end with it', {
      hint: '`sandbox down` ends them now',
    });
  }
  try {
    const stopped = await new Promise<readonly string[]>((resolve) => {
      call.hear((answer) => {
        if (answer.kind === 'done') resolve(answer.stopped);
      });
      void call.ended.then(() => resolve(wanted));
      call.say({ kind: 'down', names: wanted });
    });
    // With the last one its sandbox ends, and who attended to it.
    if (running.every((name) => stopped.includes(name))) await untilUnattended(state);
    note(`stopped: ${stopped.join(', ')}`);
    return 0;
  } finally {
    call.hangUp();
  }
}

async function untilUnattended(state: ServicesState): Promise<void> {
  while (isAttended(state)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

function aliveIn({ services }: ServicesState): string[] {
  return services.filter(({ state }) => state !== 'stopped' && state !== 'failed').map(({ name }) => name);
}

/** One that runs may have been taken out of sandbox.toml, and a file with faults does not keep anything running. */
async function expectKnown(directory: string, names: readonly string[], running: readonly string[]): Promise<void> {
  if (names.every((name) => running.includes(name))) return;
  const [{ loadProject }, { expectServices }] = await Promise.all([
    import('../../project/load.ts'),
    import('../../project/service/order.ts'),
  ]);
  expectServices((await loadProject(directory)).services, names);
}
