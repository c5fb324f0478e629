import { loadProject } from '../../project/load.ts';
import { superviseServices } from '../../project/service/supervisor.ts';
import { attendServices } from './attend.ts';
import type { BackgroundMessage, BackgroundWishes } from './background.ts';
import { serviceWork } from './service-work.ts';
import { stopSignals } from './stop-signals.ts';

/** Only the starter hears of it, and only as long as it waits. */
function tell(message: BackgroundMessage): void {
  if (process.connected) process.send?.(message);
}

function letGo(): void {
  if (process.connected) process.disconnect();
}

/** Attends to services until they are to end; `wishes`: BackgroundWishes as JSON. Gives the exit status. */
export async function serveBackground(wishes: string): Promise<number> {
  const { directory, names, frozen, keepGoing }: BackgroundWishes = JSON.parse(wishes);
  let kill = (): void => {};
  const signals = stopSignals(() => kill());
  let isUp = false;
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
      onEvent: (event) => tell({ kind: 'event', event }),
      note: (line) => tell({ kind: 'note', line }),
    });
    const supervisor = await superviseServices(work);
    if (supervisor === undefined) {
      tell({ kind: 'failed', message: 'another process is bringing services up just now' });
      return 125;
    }
    kill = () => supervisor.kill();
    return await attendServices(supervisor, signals, () => {
      isUp = true;
      tell({ kind: 'ready' });
      letGo();
    });
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
