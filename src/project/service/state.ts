import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { readProcessStatus } from '../../linux/proc-status.ts';
import { ensureProjectPath, projectPath, writeAside } from '../../store/projects.ts';

/*
 * $STORE/projects/ID/.services.json: what runs of a project's services, written by the process that attends to them. It holds
 * .services.lock for as long as it lives; that it lives is also seen without the lock, by pid and start time.
 */

export type ServiceState =
  /** For what it requires. */
  | 'waiting'
  | 'starting'
  | 'ready'
  | 'stopping'
  /** With status 0, or because it was told to. */
  | 'stopped'
  | 'failed';

export interface ServiceStatus {
  readonly name: string;
  readonly environment: string;
  readonly state: ServiceState;
  /** Of its program, as the host sees it, while it runs. */
  readonly pid?: number;
  readonly ports: readonly number[];
  /** Since when it is in this state; ISO 8601, UTC. */
  readonly since: string;
  /** How it ended by itself: its exit status, 128+N for signal N. */
  readonly status?: number;
}

/** Why they run: `up`, `up --detach`, or because a command needs them, and only as long. */
export type Purpose = 'up' | 'detached' | 'command';

export interface ServicesState {
  readonly version: 1;
  /** Absolute path of the project. */
  readonly directory: string;
  /** Who attends to them. */
  readonly pid: number;
  /** In decimal. */
  readonly startTime: string;
  readonly purpose: Purpose;
  /** The sandboxes that they run in, and what these were made from: ReadyEnvironment. */
  readonly environments: ReadonlyArray<{
    readonly name: string;
    readonly digest: string;
    readonly sandbox: string;
  }>;
  readonly services: readonly ServiceStatus[];
}

function placeOf(store: string, directory: string): string {
  return `${projectPath(store, directory)}/.services.json`;
}

/** Gives the path of the lock that says that somebody attends to the services of a project. */
export function servicesLock(store: string, directory: string): string {
  return `${projectPath(store, directory)}/.services.lock`;
}

/** Gives the path of the lock that those hold, shared, who need services that others have started. */
export function usersLock(store: string, directory: string): string {
  return `${projectPath(store, directory)}/.services.users`;
}

export function writeState(store: string, state: ServicesState): void {
  ensureProjectPath(store, state.directory);
  writeAside(placeOf(store, state.directory), JSON.stringify(state));
}

/** Gives what was written last, also by one who is gone; undefined where there is nothing. */
export function readState(store: string, directory: string): ServicesState | undefined {
  const state = readFrom(placeOf(store, directory));
  return state?.directory === directory ? state : undefined;
}

function readFrom(path: string): ServicesState | undefined {
  try {
    const state: ServicesState = JSON.parse(readFileSync(fsPath(path), 'utf8'));
    return state.version === 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

/** The same, only while somebody attends to them. */
export function runningState(store: string, directory: string): ServicesState | undefined {
  const state = readState(store, directory);
  return state !== undefined && isAttended(state) ? state : undefined;
}

/** Gives what runs of all projects. */
export function attendedProjects(store: string): ServicesState[] {
  let ids: readonly string[];
  try {
    ids = readdirSync(`${store}/projects`);
  } catch {
    return [];
  }
  return ids.flatMap((id) => {
    const state = readFrom(`${store}/projects/${id}/.services.json`);
    return state !== undefined && isAttended(state) ? [state] : [];
  });
}

/** Whether the process that wrote it lives; one that was killed may wait for its parent to take note. */
export function isAttended({ pid, startTime }: ServicesState): boolean {
  const status = readProcessStatus(pid);
  return status !== undefined && status.state !== 'Z' && String(status.startTime) === startTime;
}

/** Gives the path of the socket of who attends to the services: door.ts. */
export function doorPath(store: string, directory: string): string {
  return `${projectPath(store, directory)}/.services.sock`;
}

export function removeDoor(store: string, directory: string): void {
  rmSync(fsPath(doorPath(store, directory)), { force: true });
}

export function removeState(store: string, directory: string): void {
  rmSync(fsPath(placeOf(store, directory)), { force: true });
}
