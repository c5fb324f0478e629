import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { LinuxError } from '../../linux/errno.ts';
import { hostSyscalls } from '../../linux/koffi-syscalls.ts';
import type { Spec } from '../../plan/spec.ts';

/*
 * What tells the processes of a service from all others, wherever they go: setsid(2) and a second fork leave the session, the
 * process group and the parents behind, an environment can be emptied, and not everybody may make control groups. Limits are
 * inherited by all that a process starts, whoever it becomes. RLIMIT_LOCKS limits nothing since Linux 2.4.25 (getrlimit(2)),
 * and /proc/PID/limits shows it to everybody. It is no means against a service that wants to hide from it.
 */

const RESOURCE = 'LOCKS';
const LINE = /^Max file locks +(\d+) /m;

/** Gives a value that no other service has, below 2^53. */
export function newMark(): number {
  return 2 ** 40 + Math.floor(Math.random() * 2 ** 52);
}

/** Gives a spec whose command, with all that it starts, has the mark. */
export function marked(spec: Spec, mark: number): Spec {
  const others = spec.resourceLimits.filter(({ name }) => name !== RESOURCE);
  return { ...spec, resourceLimits: [...others, { name: RESOURCE, soft: mark, hard: mark }] };
}

/** A process that has a mark, as the host numbers it. */
export interface MarkedProcess {
  readonly pid: number;
}

/** Gives the processes that have a mark, but for those that have ended and are not waited for yet. */
export function processesWith(mark: number): MarkedProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || markOf(name) !== mark) return [];
    const stat = read(`/proc/${name}/stat`);
    // proc_pid_stat(5): the name, which may hold anything, ends at the last parenthesis.
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    return state === '' || state === 'Z' || state === 'X' ? [] : [{ pid: Number(name) }];
  });
}

/** Sends a signal to a process if it still has the mark: its pid may be somebody else's by now. */
export function signalMarked({ pid }: MarkedProcess, mark: number, signal: number): void {
  const kernel = hostSyscalls();
  let process: number | undefined;
  try {
    process = kernel.pidfdOpen(pid);
    if (markOf(String(pid)) === mark) kernel.pidfdSendSignal(process, signal);
  } catch (error) {
    // It has ended, or it has become somebody to whom we may not send any: that one ends with the sandbox.
    if (!(error instanceof LinuxError && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error;
  } finally {
    if (process !== undefined) closeSync(process);
  }
}

function markOf(pid: string): number {
  return Number(LINE.exec(read(`/proc/${pid}/limits`))?.[1]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
