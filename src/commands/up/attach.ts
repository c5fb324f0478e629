import { constants } from 'node:os';
import { ProjectError } from '../../project/error.ts';
import type { Call } from '../../project/service/call.ts';
import { FollowedLog } from '../../project/service/follow.ts';
import { lastLines, logPath } from '../../project/service/log.ts';
import { type Answer, demandUp } from '../../project/service/messages.ts';
import type { ServiceEvent, ServiceWork } from '../../project/service/work.ts';
import { note } from '../../ui/output.ts';
import { type StopSignals, stopSignals } from './stop-signals.ts';

export interface AttachOptions {
  readonly onEvent: (event: ServiceEvent) => void;
  /** Calls what asks for the end without a signal whenever that is due. */
  readonly onAsk: (ask: () => void) => void;
  /** Stay only until all are ready. */
  readonly detach: boolean;
  /** Who attends to them. */
  readonly pid: number;
}

const LOOK_MS = 100;
/** For an answer, after a second Ctrl-C. */
const PATIENCE_MS = 1000;

/**
 * Has who attends to the services start those of `work` that do not run, and shows the output of all of them until they have ended,
 * or until a signal: what was started for this process is stopped then. Gives the exit status as `attendServices` does; undefined
 * where all was coming to its end already. Throws a ProjectError where they do not get ready.
 */
export async function attach(call: Call, work: ServiceWork, options: AttachOptions): Promise<number | undefined> {
  const show = shownLog(work, options);
  const impatient = Promise.withResolvers<void>();
  const signals = stopSignals(() => {
    call.say({ kind: 'kill' });
    setTimeout(impatient.resolve, PATIENCE_MS).unref();
  });
  signals.stop.addEventListener('abort', () => call.say({ kind: 'leave' }), { once: true });
  options.onAsk(signals.ask);
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      let isUp = false;
      const interrupted = (): number => (isUp ? 0 : statusOf(signals));
      void impatient.promise.then(() => resolve(interrupted()));
      call.hear((answer) => {
        show.more();
        switch (answer.kind) {
          case 'event':
            return options.onEvent(answer.event);
          case 'ready':
            isUp = true;
            tellReady(answer.started, work, options);
            if (options.detach) call.say({ kind: 'keep' });
            return;
          case 'failed':
            return reject(failureOf(answer));
          case 'ending':
            return resolve(undefined);
          case 'over':
            return resolve(answer.failed ? 1 : 0);
          case 'done':
            if (!options.detach) tellLeft(answer.stopped, work);
            return resolve(interrupted());
        }
      });
      void call.ended.then(() => reject(gone()));
      call.say(demandUp(work));
    });
  } finally {
    show.end();
    signals.release();
    call.hangUp();
  }
}

/** Starts those of `work` that do not run, for as long as `use` takes. As `attach`, without their output. */
export async function borrow(call: Call, work: ServiceWork, use: () => Promise<number>): Promise<number | undefined> {
  const signals = stopSignals(() => call.say({ kind: 'kill' }));
  const done = Promise.withResolvers<void>();
  try {
    const isUp = await new Promise<boolean>((resolve, reject) => {
      signals.stop.addEventListener('abort', () => reject(signals.stop.reason), { once: true });
      call.hear((answer) => {
        if (answer.kind === 'event') work.onEvent(answer.event);
        else if (answer.kind === 'failed') reject(failureOf(answer));
        else if (answer.kind === 'ready' || answer.kind === 'ending') resolve(answer.kind === 'ready');
        else if (answer.kind === 'done') done.resolve();
      });
      void call.ended.then(() => {
        done.resolve();
        reject(gone());
      });
      call.say(demandUp(work));
    });
    signals.release();
    return isUp ? await use() : undefined;
  } catch (error) {
    if (signals.by() === undefined) throw error;
    return statusOf(signals);
  } finally {
    signals.release();
    call.say({ kind: 'leave' });
    await done.promise;
    call.hangUp();
  }
}

function statusOf({ by }: StopSignals): number {
  const signal = by();
  return signal === undefined ? 0 : 128 + constants.signals[signal];
}

function failureOf({ message, hint }: Extract<Answer, { kind: 'failed' }>): ProjectError {
  return new ProjectError('SERVICE', message, { hint });
}

function gone(): ProjectError {
  return new ProjectError('SERVICE', 'the process that attended to the services is gone', {
    hint: '`sandbox up` starts them anew',
  });
}

/** Shows what services write from now on. */
function shownLog({ store, directory, services }: ServiceWork, { onEvent, detach }: AttachOptions) {
  const logs = services.map(({ name }) => new FollowedLog(logPath(store, directory, name), name));
  for (const log of logs) log.skip();
  const more = (): void => {
    const lines = lastLines(
      logs.map((log) => log.more()),
      Number.POSITIVE_INFINITY,
    );
    for (const { service, text } of lines) onEvent({ kind: 'line', service, text });
  };
  const timer = setInterval(more, LOOK_MS);
  return {
    more,
    end: () => {
      clearInterval(timer);
      if (!detach) more();
    },
  };
}

function tellReady(started: readonly string[], { services }: ServiceWork, { detach, pid }: AttachOptions): void {
  const names = services.map(({ name }) => name);
  const others = names.filter((name) => !started.includes(name));
  const end = detach ? '' : '; Ctrl-C leaves them running';
  if (others.length > 0) note(`already up: ${others.join(', ')} (process ${pid})${end}`);
}

function tellLeft(stopped: readonly string[], { services }: ServiceWork): void {
  const names = services.map(({ name }) => name).filter((name) => !stopped.includes(name));
  if (names.length > 0) note(`still running: ${names.join(', ')}; \`sandbox down\` stops them`);
}
