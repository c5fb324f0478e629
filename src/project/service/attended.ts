import { SIGNAL, signalNumber } from '../../linux/constants/signal.ts';
import { ProjectError } from '../error.ts';
import type { Service } from '../model.ts';
import type { ReadyEnvironment } from '../record.ts';
import type { ServiceBox } from './box.ts';
import { logPath, ServiceLog } from './log.ts';
import { marked, newMark } from './mark.ts';
import { portsOf } from './ports.ts';
import { type RunningProgram, startProgram } from './program.ts';
import { inVain, untilReady } from './ready.ts';
import type { ServiceState, ServiceStatus } from './state.ts';
import { type ServiceWork, wordsOf } from './work.ts';

/** So many lines are shown of a service that failed. */
const LAST_LINES = 10;

export interface Starting {
  readonly box: Promise<ServiceBox>;
  readonly before: Promise<unknown>;
  readonly signal: AbortSignal;
  readonly onCrash: (error: ProjectError) => void;
}

/** One service, from its start to its end. */
export class AttendedService {
  readonly service: Service;
  readonly #work: ServiceWork;
  readonly #ready: ReadyEnvironment;
  readonly #onChange: () => void;
  readonly #lastLines: string[] = [];
  readonly #mark = newMark();
  /** Aborted when it is told to end. */
  readonly #asked = new AbortController();
  #state: ServiceState = 'waiting';
  #since = Date.now();
  #pid: number | undefined;
  #status: number | undefined;
  #program: RunningProgram | undefined;
  #started: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #hasLogged = false;
  #isAsked = false;

  constructor(service: Service, ready: ReadyEnvironment, work: ServiceWork, onChange: () => void) {
    this.service = service;
    this.#ready = ready;
    this.#work = work;
    this.#onChange = onChange;
  }

  get status(): ServiceStatus {
    return {
      name: this.service.name,
      environment: this.service.environment,
      state: this.#state,
      ...(this.#pid === undefined ? {} : { pid: this.#pid }),
      ports: portsOf(this.service),
      since: new Date(this.#since).toISOString(),
      ...(this.#status === undefined ? {} : { status: this.#status }),
    };
  }

  /** What it wrote last, for a message; empty where that was nothing. */
  get lastWords(): string {
    return this.#lastLines.map((line) => `\n    ${line}`).join('');
  }

  /** Whether it runs, or is to. */
  get isAlive(): boolean {
    return !this.#isOver;
  }

  /** As of `start`, for who needs it ready. */
  get started(): Promise<void> {
    return this.#started;
  }

  /**
   * Starts it behind `before`, and waits until it is ready. `onCrash` is called when it ends by itself with another status than 0,
   * once it is ready. Throws a ProjectError, and the reason of `signal` when that is aborted.
   */
  start({ box, before, signal, onCrash }: Starting): Promise<void> {
    const stop = AbortSignal.any([signal, this.#asked.signal]);
    this.#started = (async () => {
      await Promise.race([before, aborted(stop)]);
      await this.#start(await box, stop, onCrash);
    })();
    // Whoever asked for it has it; nobody else has to.
    this.#started.catch(() => {});
    return this.#started;
  }

  async #start(box: ServiceBox, signal: AbortSignal, onCrash: Starting['onCrash']): Promise<void> {
    signal.throwIfAborted();
    const { name, run, stopSignal, stopTimeout } = this.service;
    const begun = performance.now();
    this.#set('starting');
    this.#work.onEvent({ kind: 'starting', service: name });
    const log = new ServiceLog(logPath(this.#work.store, this.#work.directory, name));
    const launcher = await this.#join(box, wordsOf(run));
    signal.throwIfAborted();
    const program = await startProgram(launcher, {
      beside: logPath(this.#work.store, this.#work.directory, name),
      onLine: (text) => this.#take(text, log),
      mark: this.#mark,
      stopSignal: signalNumber(stopSignal) ?? SIGNAL.SIGTERM,
      stopTimeout: stopTimeout * 1000,
    }).finally(launcher.close);
    this.#program = program;
    void program.ended.then((status) => {
      log.close();
      this.#ended(status, onCrash);
    });
    this.#pid = await program.started;
    this.#onChange();
    if (this.service.ready === undefined) {
      if (this.#state === 'starting') this.#becomeReady(undefined);
      return;
    }
    await this.#untilReady(box, program, signal);
    // It may have said that it is ready, and ended.
    if (this.#state !== 'starting') throw this.#endedEarly(this.#status);
    this.#becomeReady((performance.now() - begun) / 1000);
  }

  /** Asks it to end, and kills it when it takes too long. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#asked.abort(new ProjectError('SERVICE', `the service ${this.service.name} was stopped before it was ready`));
    await this.#started.catch(() => {});
    if (this.#program === undefined || this.#isOver) {
      if (!this.#isOver) this.#set('stopped');
      return;
    }
    this.#isAsked = true;
    this.#set('stopping');
    this.#work.onEvent({ kind: 'stopping', service: this.service.name });
    this.#program.stop();
    await this.#program.ended;
  }

  kill(): void {
    this.#isAsked = true;
    this.#program?.kill();
  }

  get #isOver(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed';
  }

  async #join(box: ServiceBox, command: readonly string[]) {
    const spec = marked(await this.#work.commandSpec(this.#ready, this.service, command), this.#mark);
    // A session of its own is what tells its processes from those of the others.
    return await box.join({
      ...spec,
      terminal: 'inherited',
      stdin: false,
      security: { ...spec.security, session: 'own' },
    });
  }

  async #untilReady(box: ServiceBox, program: RunningProgram, signal: AbortSignal): Promise<void> {
    const { name, ready, readyTimeout } = this.service;
    if (ready === undefined) return;
    const over = new AbortController();
    const place = {
      init: box.init,
      network: box.network,
      hasLogged: () => this.#hasLogged,
      join: async (command: readonly string[]) => await this.#join(box, command),
      ask: async (url: string) => await box.inNetwork(this.#work.askCommand(url)),
    };
    const timer = setTimeout(() => {
      const message = `the service ${name} is not ready after ${readyTimeout} s: ${inVain(ready)}${this.#logged()}`;
      over.abort(new ProjectError('SERVICE', message, { hint: `more of what it said: sandbox logs ${name}` }));
    }, readyTimeout * 1000);
    void program.ended.then((status) => over.abort(this.#endedEarly(status)));
    try {
      await untilReady(ready, place, AbortSignal.any([signal, over.signal]));
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  #endedEarly(status: number | undefined): ProjectError {
    const how = status === undefined ? '' : ` with status ${status}`;
    const message = `the service ${this.service.name} has ended${how} before it was ready${this.#logged()}`;
    return new ProjectError('SERVICE', message);
  }

  #logged(): string {
    return this.#lastLines.length === 0 ? '' : `. The last of its output:${this.lastWords}`;
  }

  #take(text: string, log: ServiceLog): void {
    log.append(text);
    const { ready, name } = this.service;
    if (ready?.kind === 'log' && text.includes(ready.text)) this.#hasLogged = true;
    this.#lastLines.push(text);
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    this.#work.onEvent({ kind: 'line', service: name, text });
  }

  #becomeReady(seconds: number | undefined): void {
    this.#set('ready');
    this.#work.onEvent({ kind: 'ready', service: this.service.name, seconds });
  }

  #ended(status: number, onCrash: (error: ProjectError) => void): void {
    const { name, ready } = this.service;
    const isEarly = this.#state === 'starting' && ready !== undefined;
    this.#pid = undefined;
    // Of one that was told to end it says nothing.
    this.#status = this.#isAsked ? undefined : status;
    this.#set(this.#isAsked || status === 0 ? 'stopped' : 'failed');
    this.#work.onEvent({ kind: 'ended', service: name, status, asked: this.#isAsked });
    // Of one that is not ready yet its start tells.
    if (this.#isAsked || status === 0 || isEarly) return;
    onCrash(new ProjectError('SERVICE', `the service ${name} has ended with status ${status}${this.#logged()}`));
  }

  #set(state: ServiceState): void {
    this.#state = state;
    this.#since = Date.now();
    this.#onChange();
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
