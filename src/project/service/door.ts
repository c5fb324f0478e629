import { closeSync, constants, openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { ownBuild } from '../../linux/own-build.ts';
import { fsPath } from '../../linux/paths.ts';
import { ProjectError } from '../error.ts';
import { Claims } from './claims.ts';
import { type Answer, type Demand, hear, say } from './messages.ts';
import { doorPath, removeDoor } from './state.ts';
import type { Supervisor } from './supervisor.ts';
import type { ServiceWork } from './work.ts';

/*
 * $STORE/projects/ID/.services.sock: where other processes of the user ask who attends to the services for more of them, or for
 * fewer. It lies in a directory that nobody else may enter, and no sandbox sees it.
 */

/** For a caller that does not read what it is told at the end. */
const FAREWELL_MS = 500;

/** Calls `work` with a path of the socket that is short enough for sockaddr_un, whatever the store's is: unix(7). */
export async function withDoorPath<T>(
  store: string,
  directory: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const path = doorPath(store, directory);
  const place = openSync(fsPath(dirname(path)), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await work(`/proc/self/fd/${place}/${basename(path)}`);
  } finally {
    closeSync(place);
  }
}

/** Opens the door of a supervisor; it is closed when that has stopped everything. */
export async function openDoor(supervisor: Supervisor, { store, directory, services }: ServiceWork): Promise<void> {
  const claims = new Claims();
  claims.keep(services.map(({ name }) => name));
  const callers = new Set<Caller>();
  const server = createServer((socket) => {
    const caller = new Caller(socket, supervisor, claims);
    callers.add(caller);
    socket.once('close', () => callers.delete(caller));
  });
  await withDoorPath(store, directory, async (short) => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: short }, resolve);
    });
  });
  // A service that ends is what keeps this process, and no caller.
  server.unref();
  supervisor.atEnd(async () => {
    server.close();
    removeDoor(store, directory);
    await Promise.all([...callers].map(async (caller) => await caller.dismiss()));
  });
}

/** A process that has asked for services. */
class Caller {
  readonly #socket: Socket;
  readonly #supervisor: Supervisor;
  readonly #claims: Claims;
  readonly #gone = new AbortController();
  #wanted: readonly string[] = [];
  #stopping: readonly string[] = [];
  #isUp = false;
  #isKept = false;
  #hasLeft = false;
  #isTold = false;

  constructor(socket: Socket, supervisor: Supervisor, claims: Claims) {
    this.#socket = socket;
    this.#supervisor = supervisor;
    this.#claims = claims;
    const unlisten = supervisor.listen((event) => {
      if (event.kind === 'line' || !this.#wanted.includes(event.service)) return;
      say<Answer>(socket, { kind: 'event', event });
      if (event.kind === 'ended') this.#tellOver();
    });
    hear<Demand>(socket, (demand) => void this.#take(demand));
    socket.once('close', () => {
      unlisten();
      if (!this.#isKept) void this.#leave();
    });
  }

  /** Tells it that all is over, and waits until it knows. */
  async dismiss(): Promise<void> {
    const isClosed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#tellOver();
    this.#socket.end();
    await Promise.race([isClosed, new Promise((resolve) => setTimeout(resolve, FAREWELL_MS))]);
    this.#socket.destroy();
  }

  async #take(demand: Demand): Promise<void> {
    switch (demand.kind) {
      case 'up':
        await this.#bring(demand);
        break;
      case 'keep':
        this.#isKept = true;
        this.#claims.keep(this.#wanted);
        say<Answer>(this.#socket, { kind: 'done', stopped: [] });
        break;
      case 'leave':
        say<Answer>(this.#socket, { kind: 'done', stopped: await this.#leave() });
        break;
      case 'kill':
        this.#supervisor.kill(this.#stopping);
        break;
      case 'down':
        say<Answer>(this.#socket, { kind: 'done', stopped: await this.#down(demand.names) });
        break;
    }
  }

  async #bring({ build, services, environments }: Extract<Demand, { kind: 'up' }>): Promise<void> {
    try {
      if (build !== ownBuild()) {
        throw new ProjectError('SERVICE', 'the services were started by another version of sandbox', {
          hint: 'start them anew: sandbox down, then sandbox up',
        });
      }
      const names = services.map(({ name }) => name);
      this.#wanted = names;
      this.#claims.claim(this, names);
      let started: readonly string[] = [];
      const wanted = { services, environments: new Map(environments.map((each) => [each.environment, each])) };
      const isUp = await this.#supervisor.bring(wanted, this.#gone.signal, (those) => {
        this.#claims.forget(those);
        started = those;
      });
      say<Answer>(this.#socket, isUp ? { kind: 'ready', started } : { kind: 'ending' });
      this.#isUp = isUp;
      this.#tellOver();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const isOurs = !this.#gone.signal.aborted;
      if (isOurs) await this.#leave();
      const hint = 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {};
      if (isOurs) say<Answer>(this.#socket, { kind: 'failed', message: error.message, ...hint });
    }
  }

  /** Stops what was started for nobody else. */
  async #leave(): Promise<string[]> {
    if (this.#hasLeft) return [];
    this.#hasLeft = true;
    this.#gone.abort(new Error('the caller has left'));
    this.#stopping = this.#claims.release(this);
    return await this.#supervisor.stopThese(this.#stopping);
  }

  async #down(names: readonly string[]): Promise<string[]> {
    this.#stopping = names;
    const stopped = await this.#supervisor.stopThese(names);
    this.#claims.forget(stopped);
    return stopped;
  }

  #tellOver(): void {
    const own = this.#supervisor.statuses.filter(({ name }) => this.#wanted.includes(name));
    if (!this.#isUp || this.#isTold) return;
    if (own.some(({ state }) => state !== 'stopped' && state !== 'failed')) return;
    this.#isTold = true;
    say<Answer>(this.#socket, { kind: 'over', failed: own.some(({ state }) => state === 'failed') });
  }
}
