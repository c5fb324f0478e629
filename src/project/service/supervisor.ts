import { processStartTime } from '../../linux/proc-status.ts';
import type { StoreLock } from '../../store/lock.ts';
import { ProjectError } from '../error.ts';
import type { ReadyEnvironment } from '../record.ts';
import { AttendedService } from './attended.ts';
import { Boxes } from './boxes.ts';
import { expectFreePorts, portsOf } from './ports.ts';
import { removeState, type ServiceStatus, type ServicesState, writeState } from './state.ts';
import type { ServiceEvent, ServiceWork } from './work.ts';

/** Services that are to run: as of ServiceWork. */
export type Wanted = Pick<ServiceWork, 'services' | 'environments'>;

/** Who attends to the services of a project: starts them in order, notices how they end, and stops them in reverse order. */
export class Supervisor {
  /** Fulfilled when a service has crashed, and so all are to be stopped. */
  readonly crashed: Promise<ProjectError>;
  /** Fulfilled when none runs any more. */
  readonly over: Promise<void>;
  readonly #work: ServiceWork;
  readonly #lock: StoreLock;
  readonly #boxes: Boxes;
  readonly #environments: Map<string, ReadyEnvironment>;
  /** By name, each behind what it requires. */
  readonly #attended = new Map<string, AttendedService>();
  readonly #listeners = new Set<(event: ServiceEvent) => void>();
  readonly #ending = new AbortController();
  /** Nothing is started any more. */
  #isEnding = false;
  #crashError: ProjectError | undefined;
  #atEnd: () => Promise<void> = async () => {};
  #onCrash: (error: ProjectError) => void = () => {};
  #onOver: () => void = () => {};

  constructor(work: ServiceWork, lock: StoreLock) {
    this.#work = {
      ...work,
      onEvent: (event) => {
        work.onEvent(event);
        for (const tell of this.#listeners) tell(event);
      },
    };
    this.#lock = lock;
    this.#environments = new Map(work.environments);
    this.#boxes = new Boxes(work, ({ name }) => {
      this.#crash(new ProjectError('SERVICE', `the sandbox ${name} of the services was ended`), true);
    });
    this.crashed = new Promise((resolve) => {
      this.#onCrash = resolve;
    });
    this.over = new Promise((resolve) => {
      this.#onOver = resolve;
    });
    this.#attendTo(work);
  }

  /** What `crashed` is fulfilled with. */
  get crash(): ProjectError | undefined {
    return this.#crashError;
  }

  get failed(): boolean {
    return this.statuses.some(({ state }) => state === 'failed');
  }

  get statuses(): ServiceStatus[] {
    return [...this.#attended.values()].map(({ status }) => status);
  }

  /** Calls `tell` with what happens, until what this gives is called. */
  listen(tell: (event: ServiceEvent) => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /**
   * Starts all of its work, each when those that it requires are ready. Throws the first failure, a ProjectError as a rule, or the
   * reason of `signal`; those that run then are the caller's to stop.
   */
  async start(signal: AbortSignal): Promise<void> {
    await this.#startThese([...this.#attended.values()], signal, (error) => this.#crash(error));
  }

  /**
   * Starts those that do not run, and waits until all are ready. `onStart` is called with the names of those that are started, whose
   * stopping is left to the caller, also where this throws. Gives false where all is coming to its end: nothing was started. Throws
   * as `start`, and where one runs that is not what is wanted.
   */
  async bring(wanted: Wanted, signal: AbortSignal, onStart: (names: readonly string[]) => void): Promise<boolean> {
    await this.#untilStopped(wanted);
    signal.throwIfAborted();
    if (this.#isEnding) return false;
    this.#expectSame(wanted);
    const missing = wanted.services.filter(({ name }) => this.#attended.get(name)?.isAlive !== true);
    onStart(missing.map(({ name }) => name));
    const changed = [...wanted.environments.values()].filter(
      ({ environment, digest }) => (this.#environments.get(environment)?.digest ?? digest) !== digest,
    );
    const started = this.#attendTo({ services: missing, environments: wanted.environments });
    await Promise.all(changed.map(async ({ environment }) => await this.#boxes.end(environment)));
    await this.#startThese(started, signal, undefined);
    await Promise.all(wanted.services.map(async ({ name }) => await this.#attended.get(name)?.started));
    return true;
  }

  /** Stops these, each when those that require it have ended, which are stopped as well. Gives the names of all. */
  async stopThese(names: readonly string[]): Promise<string[]> {
    const found = new Set(names);
    const all = [...this.#attended.values()].reverse().filter(({ isAlive }) => isAlive);
    // From the last one on: whoever requires another one stands behind it.
    for (const { service } of [...all].reverse()) {
      if (service.requires.some((name) => found.has(name))) found.add(service.name);
    }
    const ended = new Map<string, Promise<void>>();
    for (const each of all) {
      const { name } = each.service;
      if (!found.has(name)) continue;
      const users = all.filter(({ service }) => service.requires.includes(name));
      const before = users.map(({ service }) => ended.get(service.name));
      ended.set(
        name,
        Promise.all(before).then(async () => await each.stop()),
      );
    }
    await Promise.all(ended.values());
    return [...ended.keys()].reverse();
  }

  /** Has something done when all has ended, while nobody else may begin to attend to any. */
  atEnd(work: () => Promise<void>): void {
    this.#atEnd = work;
  }

  /** Stops all of them, and removes their sandboxes. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#ending.abort(new ProjectError('SERVICE', 'the services are being stopped'));
    await Promise.allSettled([...this.#attended.values()].map(async ({ started }) => await started));
    await this.stopThese([...this.#attended.keys()]);
    try {
      await this.#boxes.endAll();
      if (!this.failed) removeState(this.#work.store, this.#work.directory);
      await this.#atEnd();
    } finally {
      this.#lock.release();
    }
  }

  /** Kills these, or all of them: `stop` and `stopThese` are over soon then. */
  kill(names: readonly string[] = [...this.#attended.keys()]): void {
    for (const name of names) this.#attended.get(name)?.kill();
  }

  /** In place of those that have ended. */
  #attendTo({ services, environments }: Wanted): AttendedService[] {
    for (const [name, ready] of environments) this.#environments.set(name, ready);
    const made = services.map(
      (service) =>
        new AttendedService(service, this.#environmentOf(service.environment), this.#work, () => this.#changed()),
    );
    for (const each of made) {
      // Behind what it requires, which may be new.
      this.#attended.delete(each.service.name);
      this.#attended.set(each.service.name, each);
    }
    if (made.length > 0) this.#write();
    return made;
  }

  /** `onCrash`: of one that is ready while others are not yet; without it these have failed then. */
  async #startThese(
    these: readonly AttendedService[],
    signal: AbortSignal,
    onCrash: ((error: ProjectError) => void) | undefined,
  ): Promise<void> {
    await this.#expectPorts(these);
    const batch = new AbortController();
    const stop = AbortSignal.any([signal, batch.signal, this.#ending.signal]);
    let isDone = false;
    const started = these.map(async (each) => {
      const { requires, environment } = each.service;
      const box = this.#boxes.of(this.#environmentOf(environment));
      // Where what is required fails first, nobody asks for it any more.
      box.catch(() => {});
      try {
        await each.start({
          box,
          before: Promise.all(requires.map(async (name) => await this.#attended.get(name)?.started)),
          signal: stop,
          onCrash: (error) => {
            if (isDone) this.#crash(error);
            else if (onCrash !== undefined) onCrash(error);
            else if (!this.#work.keepGoing) batch.abort(error);
          },
        });
      } catch (error) {
        batch.abort(error);
      }
    });
    await Promise.all(started);
    isDone = true;
    stop.throwIfAborted();
  }

  async #expectPorts(these: readonly AttendedService[]): Promise<void> {
    const wanted = await Promise.all(
      these.map(async ({ service }) => {
        const { network } = await this.#boxes.specOf(this.#environmentOf(service.environment));
        const ports = network === 'host' ? portsOf(service) : [];
        return ports.map((port) => ({ port, owner: `the service ${service.name}` }));
      }),
    );
    expectFreePorts(wanted.flat());
  }

  async #untilStopped({ services }: Wanted): Promise<void> {
    const ending = services.flatMap(({ name }) => this.#attended.get(name) ?? []);
    await Promise.all(ending.map(async (each) => each.status.state === 'stopping' && (await each.stop())));
  }

  /** Whatever of it runs is as it is wanted. */
  #expectSame({ services, environments }: Wanted): void {
    const running = [...this.#attended.values()].filter(({ isAlive }) => isAlive).map(({ service }) => service);
    for (const { environment, digest } of environments.values()) {
      if (this.#environments.get(environment)?.digest === digest) continue;
      if (!running.some((service) => service.environment === environment)) continue;
      throw new ProjectError(
        'SERVICE',
        `the services run in the environment ${environment} as it was before it changed`,
        {
          hint: 'start them anew: sandbox down, then sandbox up',
        },
      );
    }
    for (const service of services) {
      const other = running.find(({ name }) => name === service.name);
      if (other === undefined || JSON.stringify(other) === JSON.stringify(service)) continue;
      throw new ProjectError('SERVICE', `the service ${service.name} runs as sandbox.toml had it before it changed`, {
        hint: `start it anew: sandbox down ${service.name}, then sandbox up`,
      });
    }
  }

  #environmentOf(name: string): ReadyEnvironment {
    const found = this.#environments.get(name);
    if (found === undefined) throw new RangeError(`the environment ${name} was not prepared`);
    return found;
  }

  #crash(error: ProjectError, isEnd = !this.#work.keepGoing): void {
    if (!isEnd || this.#isEnding) return;
    this.#isEnding = true;
    this.#crashError = error;
    this.#ending.abort(error);
    this.#onCrash(error);
  }

  #changed(): void {
    this.#write();
    if ([...this.#attended.values()].some(({ isAlive }) => isAlive)) return;
    this.#isEnding = true;
    this.#onOver();
  }

  #write(): void {
    const { store, directory, purpose } = this.#work;
    const state: ServicesState = {
      version: 1,
      directory,
      pid: process.pid,
      startTime: String(processStartTime(process.pid)),
      purpose,
      environments: [...this.#environments.values()].map(({ environment: name, digest, sandbox }) => ({
        name,
        digest,
        sandbox,
      })),
      services: this.statuses,
    };
    writeState(store, state);
  }
}
