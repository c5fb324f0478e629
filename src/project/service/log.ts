import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { makeDirectory } from '../../linux/make-directory.ts';
import { fsPath } from '../../linux/paths.ts';
import { projectPath } from '../../store/projects.ts';

/*
 * What a service writes, in $STORE/projects/ID/logs/SERVICE.log: `TIME LINE` each, TIME as of ISO 8601 in UTC, so that the
 * lines of several services can be put in order. What is older than the last so many bytes is in SERVICE.log.1, or gone.
 */

const LARGEST = 10 * 1024 * 1024;

/** A line of a service. */
export interface LogLine {
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly text: string;
}

/** Gives where the output of a service is kept. */
export function logPath(store: string, directory: string, service: string): string {
  return `${projectPath(store, directory)}/logs/${service}.log`;
}

/** Appends to the log of a service. */
export class ServiceLog {
  readonly #path: string;
  readonly #largest: number;
  #file: number;
  #size: number;

  constructor(path: string, largest = LARGEST) {
    makeDirectory(path.slice(0, path.lastIndexOf('/')));
    this.#path = path;
    this.#largest = largest;
    [this.#file, this.#size] = open(path);
  }

  append(text: string, time = Date.now()): void {
    if (this.#size >= this.#largest) this.#rotate();
    const bytes = Buffer.from(`${new Date(time).toISOString()} ${text}\n`);
    try {
      writeSync(this.#file, bytes);
      this.#size += bytes.length;
    } catch {
      // A full disk is no reason to end a service.
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    closeSync(this.#file);
    renameSync(fsPath(this.#path), fsPath(`${this.#path}.1`));
    [this.#file, this.#size] = open(this.#path);
  }
}

function open(path: string): [file: number, size: number] {
  const file = openSync(fsPath(path), 'a', 0o600);
  return [file, fstatSync(file).size];
}

/** Takes a line of a log; undefined where it is none of ours. */
export function parseLogLine(service: string, line: string): LogLine | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (.*)$/s.exec(line);
  const time = Date.parse(match?.[1] ?? '');
  return match?.[2] === undefined || Number.isNaN(time) ? undefined : { service, time, text: match[2] };
}

/** Puts the lines of several services in order and gives the last `count`, Infinity: all. */
export function lastLines(logs: ReadonlyArray<readonly LogLine[]>, count: number): LogLine[] {
  const all = logs.flat().sort((a, b) => a.time - b.time);
  return Number.isFinite(count) ? all.slice(Math.max(0, all.length - count)) : all;
}
