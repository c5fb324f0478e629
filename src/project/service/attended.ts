import { SIGNAL, signalNumber } from '../../linux/constants/signal.ts';
import { ProjectError } from '../error.ts';
import type { Service } from '../model.ts';
import type { ReadyEnvironment } from '../record.ts';
import type { ServiceBox } from './box.ts';
import { logPath, ServiceLog } from './log.ts';
import { portsOf } from './ports.ts';
import { type RunningProgram, startProgram } from './program.ts';
import { inVain, untilReady } from './ready.ts';
import type { ServiceState, ServiceStatus } from './state.ts';
import { type ServiceWork, wordsOf } from './work.ts';

/** So many lines are shown of a service that failed. */
const LAST_LINES = 10;

/** One service, from its start to its end. */
export class AttendedService {
  readonly service: Service;
  readonly #work: ServiceWork;
  readonly #ready: ReadyEnvironment;
  readonly #onChange: () => void;
  readonly #lastLines: string[] = [];
  #state: ServiceState = 'waiting';
  #since = Date.now();
  #pid: number | undefined;
  #status: number | undefined;
  #program: RunningProgram | undefined;
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

  /**
   * Starts it and waits until it is ready. `onCrash` is called when it ends by itself with another status than 0, at any time
   * from then on. Throws a ProjectError, and the reason of `signal` when that is aborted.
   */
  async start(box: ServiceBox, signal: AbortSignal, onCrash: (error: ProjectError) => void): Promise<void> {
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
    this.#becomeReady((performance.now() - begun) / 1000);
  }

  /** Asks it to end, and kills it when it takes too long. */
  async stop(): Promise<void> {
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
    const spec = await this.#work.commandSpec(this.#ready, this.service, command);
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
    };
    const timer = setTimeout(() => {
      const message = `the service ${name} is not ready after ${readyTimeout} s: ${inVain(ready)}${this.#logged()}`;
      over.abort(new ProjectError('SERVICE', message, { hint: `more of what it said: sandbox logs ${name}` }));
    }, readyTimeout * 1000);
    void program.ended.then((status) => {
      const message = `the service ${name} has ended with status ${status} before it was ready${this.#logged()}`;
      over.abort(new ProjectError('SERVICE', message));
    });
    try {
      await untilReady(ready, place, AbortSignal.any([signal, over.signal]));
    } finally {
      clearTimeout(timer);
      over.abort();
    }
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
    const early = this.#state === 'starting' && ready !== undefined ? ' before it was ready' : '';
    this.#pid = undefined;
    // Of one that was told to end it says nothing.
    this.#status = this.#isAsked ? undefined : status;
    this.#set(this.#isAsked || status === 0 ? 'stopped' : 'failed');
    this.#work.onEvent({ kind: 'ended', service: name, status, asked: this.#isAsked });
    if (this.#isAsked || status === 0) return;
    onCrash(
      new ProjectError('SERVICE', `the service ${name} has ended with status ${status}${early}${this.#logged()}`),
    );
  }

  #set(state: ServiceState): void {
    this.#state = state;
    this.#since = Date.now();
    this.#onChange();
  }
}
