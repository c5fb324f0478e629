import { currentDirectory } from '../../linux/proc-self.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { superviseServices } from '../../project/service/supervisor.ts';
import type { ServiceEvent } from '../../project/service/work.ts';
import { note } from '../../ui/output.ts';
import { alreadyUp } from './already-up.ts';
import { attendServices } from './attend.ts';
import { upInBackground } from './background.ts';
import { serviceWork } from './service-work.ts';
import { showEvents } from './show-events.ts';
import { stopSignals } from './stop-signals.ts';

export interface UpOptions {
  readonly frozen: boolean;
  readonly quiet: boolean;
  readonly detach: boolean;
  readonly keepGoing: boolean;
  readonly noLogPrefix: boolean;
}

/** What a shell shows for a program that SIGPIPE ended. */
const OUTPUT_CLOSED = 141;

/** Does what `sandbox up` is to do. Gives the exit status. Throws a ProjectError, and what preparing throws. */
export async function bringUp(names: readonly string[], options: UpOptions): Promise<number> {
  const { quiet, keepGoing, detach } = options;
  const frozen = options.frozen ? true : undefined;
  const project = await loadProject(expectProject(currentDirectory()));
  if (project.services.size === 0) {
    throw new ProjectError('SERVICE', 'sandbox.toml has no services', { hint: '[service.NAME] with run = "…" is one' });
  }
  let onEvent = (_event: ServiceEvent): void => {};
  const purpose = detach ? 'detached' : 'up';
  const work = await serviceWork(project, {
    names,
    frozen,
    quiet,
    keepGoing,
    purpose,
    onEvent: (event) => onEvent(event),
  });
  const running = alreadyUp(work);
  if (running !== undefined) {
    note(`already up: ${work.services.map(({ name }) => name).join(', ')} (process ${running.pid})`);
    return 0;
  }
  let isClosed = false;
  let ask = (): void => {};
  onEvent = showEvents({
    project,
    shown: work.services.map(({ name }) => name),
    prefix: !options.noLogPrefix,
    onClosed: () => {
      isClosed = true;
      ask();
    },
  });
  if (detach) {
    const { directory } = project;
    const status = await upInBackground({ directory, names, frozen, keepGoing }, onEvent);
    if (status === 0)
      note('they go on in the background: `sandbox logs -f` shows their output, `sandbox down` ends them');
    return status;
  }
  const supervisor = await superviseServices(work);
  if (supervisor === undefined) throw new ProjectError('SERVICE', 'another process is bringing services up just now');
  const signals = stopSignals(() => supervisor.kill());
  ask = signals.ask;
  try {
    const status = await attendServices(supervisor, signals, () => {});
    return isClosed ? OUTPUT_CLOSED : status;
  } finally {
    signals.release();
  }
}
