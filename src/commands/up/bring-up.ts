import { currentDirectory } from '../../linux/proc-self.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { callSupervisor } from '../../project/service/call.ts';
import { runningState, type ServicesState } from '../../project/service/state.ts';
import { superviseServices } from '../../project/service/supervise.ts';
import type { ServiceEvent, ServiceWork } from '../../project/service/work.ts';
import { note } from '../../ui/output.ts';
import { type AttachOptions, attach } from './attach.ts';
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
const LOOK_MS = 50;
/** Of who attends to services, from when it begins until it answers, and from when it stops answering until it is gone. */
const PATIENCE_MS = 10_000;

/** Does what `sandbox up` is to do. Gives the exit status. Throws a ProjectError, and what preparing throws. */
export async function bringUp(names: readonly string[], options: UpOptions): Promise<number> {
  const { quiet, keepGoing, detach } = options;
  const frozen = options.frozen ? true : undefined;
  const project = await loadProject(expectProject(currentDirectory()));
  if (project.services.size === 0) {
    throw new ProjectError('SERVICE', 'sandbox.toml has no services', { hint: '[service.NAME] with run = "…" is one' });
  }
  let onEvent = (_event: ServiceEvent): void => {};
  const work = await serviceWork(project, {
    names,
    frozen,
    quiet,
    keepGoing,
    purpose: detach ? 'detached' : 'up',
    onEvent: (event) => onEvent(event),
  });
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
  const onAsk = (way: () => void): void => {
    ask = way;
  };
  let isWaiting = false;
  let deadline: number | undefined;
  for (;;) {
    const status = await bringUpOnce(work, { names, frozen, detach, onEvent, onAsk });
    if (status !== undefined) return isClosed ? OUTPUT_CLOSED : status;
    const running = runningState(work.store, work.directory);
    if (running?.purpose === 'command') {
      if (!isWaiting) note('services run for a command: they are started anew when it has ended');
      isWaiting = true;
      deadline = undefined;
    } else if (running !== undefined) {
      deadline ??= performance.now() + PATIENCE_MS;
      if (performance.now() > deadline) throw noAnswer(running);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function noAnswer({ pid }: ServicesState): ProjectError {
  return new ProjectError('SERVICE', `process ${pid} attends to the services, and does not answer`, {
    hint: '`sandbox down` ends it, and them',
  });
}

interface OnceOptions extends Omit<AttachOptions, 'pid'> {
  readonly names: readonly string[];
  readonly frozen: boolean | undefined;
}

/** Attends to the services, or has them attended to by who does so already. Undefined where that is about to end, or to begin. */
async function bringUpOnce(work: ServiceWork, options: OnceOptions): Promise<number | undefined> {
  const { store, directory, keepGoing } = work;
  const running = runningState(store, directory);
  if (running !== undefined) {
    const call = running.purpose === 'command' ? undefined : await callSupervisor(store, directory);
    if (call === undefined) return undefined;
    return toldAbout(options, await attach(call, work, { ...options, pid: running.pid }));
  }
  if (options.detach) {
    const { names, frozen, onEvent } = options;
    return toldAbout(options, await upInBackground({ directory, names, frozen, keepGoing }, onEvent));
  }
  const supervisor = await superviseServices(work);
  if (supervisor === undefined) return undefined;
  const signals = stopSignals(() => supervisor.kill());
  options.onAsk(signals.ask);
  try {
    return await attendServices(supervisor, signals, () => {});
  } finally {
    signals.release();
  }
}

function toldAbout({ detach }: OnceOptions, status: number | undefined): number | undefined {
  if (detach && status === 0) {
    note('they go on in the background: `sandbox logs -f` shows their output, `sandbox down` ends them');
  }
  return status;
}
