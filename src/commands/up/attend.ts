import { constants } from 'node:os';
import type { Supervisor } from '../../project/service/supervisor.ts';
import { reportFailure } from '../../ui/report.ts';
import type { StopSignals } from './stop-signals.ts';

/** Services that have crashed. */
const CRASHED = 1;

/**
 * Starts services, stays until they are to end or have ended, and stops them. Gives the exit status: 1 where one has crashed, which
 * is told, 128+N where signal N came before they were ready. Throws a ProjectError where one does not get ready.
 */
export async function attendServices(
  supervisor: Supervisor,
  signals: StopSignals,
  onReady: () => void,
): Promise<number> {
  let isUp = false;
  let crash: Error | undefined;
  try {
    await supervisor.start(signals.stop);
    isUp = true;
    onReady();
    crash = await Promise.race([
      supervisor.crashed,
      supervisor.over.then(() => undefined),
      new Promise<undefined>((resolve) => {
        if (signals.stop.aborted) resolve(undefined);
        signals.stop.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
    ]);
  } catch (error) {
    if (supervisor.crash !== undefined && error === supervisor.crash) crash = supervisor.crash;
    else if (!signals.stop.aborted) throw error;
  } finally {
    await supervisor.stop();
  }
  if (crash !== undefined) {
    reportFailure(crash);
    return CRASHED;
  }
  const by = signals.by();
  if (!isUp && by !== undefined) return 128 + constants.signals[by];
  return supervisor.failed ? CRASHED : 0;
}
