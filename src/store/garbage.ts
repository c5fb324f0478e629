import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync } from 'node:fs';
import { LOCK } from '../linux/constants/descriptor.ts';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';
import type { Syscalls } from '../linux/syscalls.ts';
import { shelf } from './layout.ts';
import { listShelf, type SandboxDirectoryEntry } from './sandbox-directory.ts';

/** Whether nobody holds a sandbox's lock: then it is held by us until `release`. */
function takeLock(syscalls: Syscalls, path: string): { release(): void } | undefined {
  let file: number;
  try {
    file = openSync(`${path}/lock`, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch {
    return undefined;
  }
  try {
    syscalls.flock(file, LOCK.LOCK_EX | LOCK.LOCK_NB);
    return { release: () => closeSync(file) };
  } catch {
    closeSync(file);
    return undefined;
  }
}

/** Moves a sandbox that does not run out of sight; undefined when it runs after all. */
export function moveToTrash(store: string, path: string, syscalls = hostSyscalls()): string | undefined {
  const lock = takeLock(syscalls, path);
  if (!lock) return undefined;
  try {
    const place = `${shelf(store, 'trash')}/${randomBytes(8).toString('hex')}`;
    renameSync(path, place);
    return place;
  } finally {
    lock.release();
  }
}

/**
 * Moves the suspects that really are dead to the trash, and gives all of it. `gate` keeps sandboxes from being made
 * meanwhile; when one is being made at this moment, there is another time. In a store that cannot be written nothing is
 * garbage: whoever starts a sandbox there is told so by what comes next.
 */
export function collectGarbage(store: string, candidates: readonly SandboxDirectoryEntry[]): string[] {
  const syscalls = hostSyscalls();
  let gate: number;
  try {
    gate = openSync(`${shelf(store, 'runs')}/.gate`, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch {
    return [];
  }
  try {
    syscalls.flock(gate, LOCK.LOCK_EX | LOCK.LOCK_NB);
    for (const { path } of candidates) moveToTrash(store, path, syscalls);
  } catch {
    // Somebody holds the gate, or collects already.
  } finally {
    closeSync(gate);
  }
  return listShelf(store, 'trash').map(({ path }) => path);
}
