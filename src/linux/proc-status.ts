import { readFileSync } from 'node:fs';
import { fromNodeError } from './errno.ts';

/** What /proc/PID/stat tells of a process: proc_pid_stat(5). */
export interface ProcessStatus {
  /** One letter: R, S, D, T, t, Z (ended, not yet waited for), X, I. */
  readonly state: string;
  readonly parent: number;
  /** Clock ticks after boot. With the pid it names one process, until the machine is started anew. */
  readonly startTime: bigint;
}

/** Gives a process's status, or undefined where there is no such process. Throws a LinuxError for any other failure. */
export function readProcessStatus(pid: number): ProcessStatus | undefined {
  const path = `/proc/${pid}/stat`;
  try {
    return parseProcessStatus(readFileSync(path, 'latin1'));
  } catch (error) {
    const failure = fromNodeError(error, path);
    // ESRCH: it ended between open and read.
    if (failure.code === 'ENOENT' || failure.code === 'ESRCH') return undefined;
    throw failure;
  }
}

/** Gives when a process started, in clock ticks after boot, or undefined where there is no such process. */
export function processStartTime(pid: number): bigint | undefined {
  return readProcessStatus(pid)?.startTime;
}

/** Takes the text of /proc/PID/stat. Gives undefined where it is not of its form. */
export function parseProcessStatus(text: string): ProcessStatus | undefined {
  // The program's name (field 2) is whatever it likes to be, ') R 1 (' included: only the last parenthesis counts.
  const [state, parent, ...rest] = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const startTime = rest[17];
  if (!text.includes(')') || !state || !/^[A-Za-z]$/.test(state)) return undefined;
  if (!parent || !/^\d{1,10}$/.test(parent) || !startTime || !/^\d{1,20}$/.test(startTime)) return undefined;
  return { state, parent: Number(parent), startTime: BigInt(startTime) };
}
