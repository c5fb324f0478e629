import { constants } from 'node:os';
import type { Project } from '../../project/model.ts';
import { callSupervisor } from '../../project/service/call.ts';
import { runningState, usersLock } from '../../project/service/state.ts';
import { superviseServices } from '../../project/service/supervise.ts';
import type { Supervisor } from '../../project/service/supervisor.ts';
import type { ServiceEvent, ServiceWork } from '../../project/service/work.ts';
import { lockPath } from '../../store/lock.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { note } from '../../ui/output.ts';
import { isAllUp } from './already-up.ts';
import { borrow } from './attach.ts';
import { serviceWork } from './service-work.ts';
import { stopSignals } from './stop-signals.ts';

/** How the services of a command came to run. */
export interface Served {
  /** They run whether or not this process goes on. */
  readonly leave: boolean;
}

const LOOK_MS = 50;

/**
 * Does work while services are up and ready: started for it, and ended after it, where they are not up already. Gives its exit
 * status, or 128+N where signal N came before they were ready. Throws a ProjectError.
 */
export async function withServices(
  project: Project,
  services: readonly string[],
  { frozen, quiet }: { readonly frozen: boolean; readonly quiet: boolean },
  work: (served: Served) => Promise<number>,
): Promise<number> {
  if (services.length === 0) return await work({ leave: true });
  const wanted = await serviceWork(project, {
    names: services,
    frozen: frozen ? true : undefined,
    quiet,
    // It is the command that is asked for: whether it can do without, it knows itself.
    keepGoing: true,
    purpose: 'command',
    onEvent: (event) => tell(event, quiet),
  });
  const { store, directory } = wanted;
  ensureProjectPath(store, directory);
  const users = usersLock(store, directory);
  for (;;) {
    const running = runningState(store, directory);
    if (running === undefined) {
      const supervisor = await superviseServices(wanted);
      if (supervisor !== undefined) return await attended(supervisor, users, work);
    } else if (running.purpose !== 'command') {
      if (isAllUp(running, wanted)) return await work({ leave: true });
      const call = await callSupervisor(store, directory);
      const status = call && (await borrow(call, wanted, async () => await work({ leave: false })));
      if (status !== undefined) return status;
    } else if (isAllUp(running, wanted)) {
      const status = await asUser(wanted, users, work);
      if (status !== undefined) return status;
    }
    // They are started for another command, or stopped after it, or it needs others.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Who has started services for a command of its own waits for us. Undefined where they have ended by now. */
async function asUser(
  wanted: ServiceWork,
  users: string,
  work: (served: Served) => Promise<number>,
): Promise<number | undefined> {
  const lock = await lockPath(users, 'shared', 'the services', {});
  try {
    const state = runningState(wanted.store, wanted.directory);
    return state !== undefined && isAllUp(state, wanted) ? await work({ leave: false }) : undefined;
  } finally {
    lock.release();
  }
}

async function attended(
  supervisor: Supervisor,
  users: string,
  work: (served: Served) => Promise<number>,
): Promise<number> {
  const signals = stopSignals(() => supervisor.kill());
  try {
    await supervisor.start(signals.stop);
    signals.release();
    return await work({ leave: false });
  } catch (error) {
    const by = signals.by();
    if (by === undefined) throw error;
    return 128 + constants.signals[by];
  } finally {
    signals.release();
    await stopAfterUsers(supervisor, users);
  }
}

async function stopAfterUsers(supervisor: Supervisor, users: string): Promise<void> {
  const signals = stopSignals(() => supervisor.kill());
  try {
    const lock = await lockPath(users, 'exclusive', 'the services', {
      signal: signals.stop,
      onWait: () => note('another command uses the services: they are stopped after it'),
    }).catch(() => undefined);
    await supervisor.stop();
    lock?.release();
  } finally {
    signals.release();
  }
}

function tell(event: ServiceEvent, quiet: boolean): void {
  if (event.kind === 'ended' && !event.asked) note(`${event.service} has ended with status ${event.status}`);
  if (event.kind === 'ready' && event.seconds !== undefined && !quiet) {
    note(`${event.service} is ready after ${event.seconds.toFixed(1)} s`);
  }
}
