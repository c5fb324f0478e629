import { readdirSync, statSync } from 'node:fs';

/** Ends processes, unless they have ended meanwhile. */
export function end(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ESRCH
    }
  }
}

/** The accounts are the benchmark's own: all of their processes are. */
export function processesOf(uids: readonly number[]): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return Number.isInteger(pid) && uids.includes(statSync(`/proc/${pid}`).uid);
      } catch {
        return false;
      }
    });
}
