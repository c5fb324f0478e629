import { processStartTime } from '../../linux/proc-status.ts';
import { lockPath, type StoreLock } from '../../store/lock.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { ProjectError } from '../error.ts';
import type { ReadyEnvironment } from '../record.ts';
import { AttendedService } from './attended.ts';
import { openBox, removeBox, type ServiceBox } from './box.ts';
import { expectFreePorts, portsOf } from './ports.ts';
import { readState, removeState, type ServicesState, servicesLock, writeState } from './state.ts';
import type { ServiceWork } from './work.ts';

/** Gives the lock of who attends to the services of a project; undefined where somebody else has it. */
async function tryLock(store: string, directory: string): Promise<StoreLock | undefined> {
  try {
    ensureProjectPath(store, directory);
    return await lockPath(servicesLock(store, directory), 'exclusive', 'the services', { patience: 0 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'LOCKED') return undefined;
    throw error;
  }
}

/**
 * Begins to attend to services: gives undefined where another process does so already. What is left of one that was killed is
 * removed. Nothing is started yet.
 */
export async function superviseServices(work: ServiceWork): Promise<Supervisor | undefined> {
  const lock = await tryLock(work.store, work.directory);
  if (lock === undefined) return undefined;
  try {
    await removeLeftOver(work.store, work.directory);
  } catch (error) {
    lock.release();
    throw error;
  }
  return new Supervisor(work, lock);
}

/** Removes what is left of services whose supervisor was killed: their sandboxes have died with it. */
async function removeLeftOver(store: string, directory: string): Promise<void> {
  for (const { sandbox } of readState(store, directory)?.environments ?? []) await removeBox(store, sandbox);
  removeState(store, directory);
}

/** The same for whoever does not want to start any. Says whether there was something; undefined where they are attended to. */
export async function clearServices(store: string, directory: string): Promise<boolean | undefined> {
  const lock = await tryLock(store, directory);
  if (lock === undefined) return undefined;
  try {
    const hadSome = readState(store, directory) !== undefined;
    await removeLeftOver(store, directory);
    return hadSome;
  } finally {
    lock.release();
  }
}

/** Who attends to the services of a project: starts them in order, notices how they end, and stops them in reverse order. */
export class Supervisor {
  /** Fulfilled when a service has crashed, and so all are to be stopped. */
  readonly crashed: Promise<ProjectError>;
  /** Fulfilled when none runs any more. */
  readonly over: Promise<void>;
  readonly #work: ServiceWork;
  readonly #lock: StoreLock;
  readonly #services: readonly AttendedService[];
  readonly #boxes = new Map<string, ServiceBox>();
  readonly #starting = new AbortController();
  #starts: Promise<unknown> = Promise.resolve();
  #isStopping = false;
  #onCrash: (error: ProjectError) => void = () => {};
  #onOver: () => void = () => {};

  constructor(work: ServiceWork, lock: StoreLock) {
    this.#work = work;
    this.#lock = lock;
    this.crashed = new Promise((resolve) => {
      this.#onCrash = resolve;
    });
    this.over = new Promise((resolve) => {
      this.#onOver = resolve;
    });
    this.#services = work.services.map(
      (service) => new AttendedService(service, this.#environmentOf(service.environment), work, () => this.#changed()),
    );
    this.#write();
  }

  get failed(): boolean {
    return this.#services.some(({ status }) => status.state === 'failed');
  }

  /**
   * Starts all of them, each when those that it requires are ready. Throws the first failure, a ProjectError as a rule, or the
   * reason of `signal`; those that run then are the caller's to stop.
   */
  async start(signal: AbortSignal): Promise<void> {
    await this.#openBoxes();
    const stop = AbortSignal.any([signal, this.#starting.signal]);
    const ready = new Map<string, Promise<void>>();
    for (const each of this.#services) {
      const before = each.service.requires.map((name) => ready.get(name));
      const started = Promise.all(before).then(async () => {
        stop.throwIfAborted();
        await each.start(this.#boxOf(each), stop, (error) => this.#crash(error));
      });
      started.catch((error: unknown) => this.#starting.abort(error));
      ready.set(each.service.name, started);
    }
    this.#starts = Promise.allSettled(ready.values());
    await this.#starts;
    stop.throwIfAborted();
  }

  /** Stops them, each when those that require it have ended, and removes their sandboxes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#starting.abort();
    await this.#starts;
    const ended = new Map<string, Promise<void>>();
    for (const each of [...this.#services].reverse()) {
      const { name } = each.service;
      const users = this.#services.filter(({ service }) => service.requires.includes(name));
      const before = users.map(({ service }) => ended.get(service.name));
      ended.set(
        name,
        Promise.all(before).then(async () => await each.stop()),
      );
    }
    await Promise.all(ended.values());
    try {
      await Promise.all([...this.#boxes.values()].map(async (box) => await box.end()));
      if (!this.failed) removeState(this.#work.store, this.#work.directory);
    } finally {
      this.#lock.release();
    }
  }

  /** Kills all of them: `stop` is over soon then. */
  kill(): void {
    for (const each of this.#services) each.kill();
  }

  async #openBoxes(): Promise<void> {
    const { environments, boxSpec, beginProgress, note } = this.#work;
    const used = new Set(this.#services.map(({ service }) => service.environment));
    const specs = await Promise.all([...used].map(async (name) => await boxSpec(this.#environmentOf(name))));
    const onHost = new Set([...used].filter((_name, at) => specs[at]?.network === 'host'));
    expectFreePorts(
      this.#services
        .filter(({ service }) => onHost.has(service.environment))
        .flatMap(({ service }) => portsOf(service).map((port) => ({ port, owner: `the service ${service.name}` }))),
    );
    for (const [at, name] of [...used].entries()) {
      const spec = specs[at];
      if (spec === undefined || environments.get(name) === undefined) continue;
      const box = await openBox(spec, { beginProgress, note });
      this.#boxes.set(name, box);
      void box.ended.then(() => {
        if (this.#isStopping) return;
        this.#crash(new ProjectError('SERVICE', `the sandbox ${box.name} of the services was ended`), true);
      });
    }
  }

  #environmentOf(name: string): ReadyEnvironment {
    const found = this.#work.environments.get(name);
    if (found === undefined) throw new RangeError(`the environment ${name} was not prepared`);
    return found;
  }

  #boxOf({ service }: AttendedService): ServiceBox {
    const found = this.#boxes.get(service.environment);
    if (found === undefined) throw new RangeError(`the environment ${service.environment} is not open`);
    return found;
  }

  #crash(error: ProjectError, isEnd = !this.#work.keepGoing): void {
    if (!isEnd || this.#isStopping) return;
    this.#starting.abort(error);
    this.#onCrash(error);
  }

  #changed(): void {
    this.#write();
    const isOver = ({ status: { state } }: AttendedService): boolean => state === 'stopped' || state === 'failed';
    if (this.#services.every(isOver)) this.#onOver();
  }

  #write(): void {
    // While it is being made.
    if (this.#services === undefined) return;
    const { store, directory, environments, purpose } = this.#work;
    const state: ServicesState = {
      version: 1,
      directory,
      pid: process.pid,
      startTime: String(processStartTime(process.pid)),
      purpose,
      environments: [...environments.values()].map(({ environment: name, digest, sandbox }) => ({
        name,
        digest,
        sandbox,
      })),
      services: this.#services.map(({ status }) => status),
    };
    writeState(store, state);
  }
}
