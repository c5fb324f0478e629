import { closeSync, constants, openSync } from 'node:fs';
import { LOCK } from '../linux/constants/descriptor.ts';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';

/**
 * Does the work while no other process does work under the same lock file of the store, and waits for its turn; flock(2).
 * Where the file cannot be made or locked it is done at once: it must be right without the lock, which only saves work.
 */
export function alone<T>(lockFile: string, work: () => T): T {
  let file: number | undefined;
  try {
    file = openSync(lockFile, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    hostSyscalls().flock(file, LOCK.LOCK_EX);
  } catch {
    // A store that cannot be written: the work itself says that best.
  }
  try {
    return work();
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
