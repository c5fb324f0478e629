import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { fsPath } from '../linux/paths.ts';
import { processStartTime } from '../linux/proc-status.ts';

/*
 * What is built aside has a name that tells who builds it: `.tmp-PIDNS-PID-STARTTIME-N`. When the builder is gone
 * (kill -9, a power cut) whoever comes next can tell, and removes it.
 */

const PREFIX = '.tmp-';
/** Nothing takes longer to build. Decides where the builder's pid says nothing: another pid namespace, another machine. */
const MOST_AGE_MS = 3_600_000;

let counter = 0;

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** Gives a name for something this process builds, unlike any other's. */
export function asideName(): string {
  counter += 1;
  return `${PREFIX}${pidNamespace()}-${process.pid}-${processStartTime(process.pid) ?? 0}-${counter}`;
}

/** Makes a new directory aside in `parent` and gives its path. Throws what mkdir(2) does. */
export function makeAside(parent: string): string {
  for (;;) {
    const path = `${parent}/${asideName()}`;
    try {
      mkdirSync(fsPath(path), { mode: 0o700 });
      return path;
    } catch (error) {
      // Left by a process of the same number and start time, before a reboot.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

function abandoned(name: string, path: string, now: number): boolean {
  const [namespace, pid, startTime] = name.slice(PREFIX.length).split('-');
  if (namespace === pidNamespace() && pid !== undefined && /^[1-9]\d{0,9}$/.test(pid)) {
    return String(processStartTime(Number(pid))) !== startTime;
  }
  try {
    return now - lstatSync(fsPath(path)).ctimeMs > MOST_AGE_MS;
  } catch {
    return false;
  }
}

/**
 * Removes what was begun aside in `parent` and never finished. Gives how many were removed; one that cannot be removed
 * is left for the next time. `now`: milliseconds since 1970.
 */
export function removeAbandoned(parent: string, now: number = Date.now()): number {
  let names: string[];
  try {
    names = readdirSync(fsPath(parent)).filter((name) => name.startsWith(PREFIX));
  } catch {
    return 0;
  }
  let removed = 0;
  for (const name of names) {
    const path = `${parent}/${name}`;
    if (!abandoned(name, path, now)) continue;
    try {
      rmSync(fsPath(path), { recursive: true, force: true });
      removed += 1;
    } catch {
      // Another process removes it at the same time, or its content changed owner.
    }
  }
  return removed;
}
