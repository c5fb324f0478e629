import { loadProject } from '../../project/load.ts';
import { logPath, ServiceLog } from '../../project/service/log.ts';
import { superviseServices } from '../../project/service/supervise.ts';
import type { Supervisor } from '../../project/service/supervisor.ts';
import type { ServiceWork } from '../../project/service/work.ts';
import { attendServices } from './attend.ts';
import type { BackgroundMessage } from './background.ts';
import { serviceWork } from './service-work.ts';
import { stopSignals } from './stop-signals.ts';
import type { BackgroundWishes } from './task.ts';

/** Only the starter hears of it, and only as long as it waits. */
function tell(message: BackgroundMessage): void {
  if (process.connected) process.send?.(message);
}

function letGo(): void {
  if (process.connected) process.disconnect();
}

/** What is said when nobody listens any more. */
interface Unheard {
  /** Undefined: it is about all of them. */
  readonly service?: string;
  readonly text: string;
}

/** Puts it into the logs: what is about all services into those of the ones that have failed, or of the first. */
function leaveWord({ statuses }: Supervisor, { store, directory }: ServiceWork, words: readonly Unheard[]): void {
  const failed = statuses.filter(({ state }) => state === 'failed');
  const all = (failed.length > 0 ? failed : statuses.slice(0, 1)).map(({ name }) => name);
  for (const { service, text } of words) {
    for (const name of service === undefined ? all : [service]) {
      const log = new ServiceLog(logPath(store, directory, name));
      log.append(`sandbox: ${text}`);
      log.close();
    }
  }
}

/** Attends to services until they are to end. Gives the exit status. */
export async function serveBackground({ directory, names, frozen, keepGoing }: BackgroundWishes): Promise<number> {
  let kill = (): void => {};
  const signals = stopSignals(() => kill());
  let isUp = false;
  const unheard: Unheard[] = [];
  // Who waited for them is gone.
  process.once('disconnect', () => {
    if (!isUp) signals.ask();
  });
  try {
    const work = await serviceWork(await loadProject(directory), {
      names,
      frozen,
      quiet: true,
      keepGoing,
      purpose: 'detached',
      onEvent: (event) => {
        tell({ kind: 'event', event });
        if (!isUp || event.kind !== 'ended' || event.asked || event.status === 0) return;
        const { service, status } = event;
        unheard.push({ service, text: `${service} has ended with status ${status}` });
      },
      note: (line) => {
        if (process.connected) tell({ kind: 'note', line });
        else unheard.push({ text: line });
      },
    });
    const supervisor = await superviseServices(work);
    if (supervisor === undefined) {
      tell({ kind: 'busy' });
      return 0;
    }
    kill = () => supervisor.kill();
    const status = await attendServices(supervisor, signals, () => {
      isUp = true;
      tell({ kind: 'ready' });
      letGo();
    });
    leaveWord(supervisor, work, unheard);
    return status;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const hint = 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {};
    tell({ kind: 'failed', message: error.message, ...hint });
    return 125;
  } finally {
    signals.release();
    letGo();
  }
}
