import { closeSync } from 'node:fs';
import { LinuxError } from './errno.ts';
import { processStartTime } from './proc-status.ts';
import type { Syscalls } from './syscalls.ts';

/** A process as it is remembered in files: a pid alone may have been given to another process since. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, from processStartTime(). */
  readonly startTime: bigint;
}

/**
 * Opens the remembered process and no other. Gives a pidfd that the caller closes, or undefined where it has ended.
 * Throws a LinuxError where the kernel refuses for another reason.
 */
export function openProcess(syscalls: Syscalls, identity: ProcessIdentity): number | undefined {
  let pidfd: number;
  try {
    pidfd = syscalls.pidfdOpen(identity.pid);
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'ESRCH') return undefined;
    throw error;
  }
  // Compared after the pidfd was opened: from then on the pid cannot pass to another process unnoticed.
  if (processStartTime(identity.pid) === identity.startTime) return pidfd;
  closeSync(pidfd);
  return undefined;
}

/** Sends a signal to the remembered process and no other: kill(2) without its race. Gives false where it has ended. */
export function signalProcess(syscalls: Syscalls, identity: ProcessIdentity, signal: number): boolean {
  const pidfd = openProcess(syscalls, identity);
  if (pidfd === undefined) return false;
  try {
    syscalls.pidfdSendSignal(pidfd, signal);
    return true;
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'ESRCH') return false;
    throw error;
  } finally {
    closeSync(pidfd);
  }
}
