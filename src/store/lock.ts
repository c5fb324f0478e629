import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { LOCK } from '../linux/constants/descriptor.ts';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';
import { makeDirectory } from '../linux/make-directory.ts';
import { errnoOf, StoreError, storeFailure } from './error.ts';

/*
 * Locks of flock(2): they die with their holder, whatever ends it. Node opens with O_CLOEXEC, so no child holds one by
 * accident. They are asked for without blocking, again and again, because a blocked event loop answers no Ctrl-C.
 */

/** A lock that is held until `release`, or until this process ends. */
export interface StoreLock {
  readonly release: () => void;
}

export interface WaitOptions {
  /** Called once when the lock has not been had for a second; with the pids of those that hold it, where they can be told. */
  readonly onWait?: (holders: readonly number[]) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds; then a StoreError of code LOCKED. Without it the wait has no end. */
  readonly patience?: number;
}

const PAUSE_MS = 25;
const SILENT_MS = 1000;

/** Opens a lock file, made where there is none. */
export function openLockFile(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}

/** Asks for the lock once; says whether it is held now. Throws a LinuxError where the file system has no locks. */
export function tryFlock(file: number, kind: 'shared' | 'exclusive'): boolean {
  try {
    hostSyscalls().flock(file, (kind === 'shared' ? LOCK.LOCK_SH : LOCK.LOCK_EX) | LOCK.LOCK_NB);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'EWOULDBLOCK') return false;
    throw error;
  }
}

/** Whether nobody has a file locked: what it stands for is not in use. One that cannot be opened counts as in use. */
export function isFree(path: string): boolean {
  let file: number;
  try {
    file = openLockFile(path);
  } catch {
    return false;
  }
  try {
    return tryFlock(file, 'exclusive');
  } finally {
    closeSync(file);
  }
}

/** Gives the pids that hold a flock on an open file: proc_locks(5). Empty where none is shown in this pid namespace. */
export function lockHolders(file: number): number[] {
  try {
    const { ino, dev } = fstatSync(file, { bigint: true });
    const hex = (value: bigint): string => value.toString(16).padStart(2, '0');
    // st_dev as makedev(3) packs it; /proc/locks writes MAJOR:MINOR:INODE, the first two hexadecimal.
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
    const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
    const place = `${hex(major)}:${hex(minor)}:${ino}`;
    const held = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1] === 'FLOCK' && fields[5] === place)
      .map((fields) => Number(fields[4]));
    return [...new Set(held)].filter((pid) => pid > 0 && pid !== process.pid);
  } catch {
    return [];
  }
}

/** Asks for the lock of an open file until it is had. `what` is named when it is not had in time, `path` too. */
export async function waitForFlock(
  file: number,
  kind: 'shared' | 'exclusive',
  what: string,
  { onWait, signal, patience }: WaitOptions = {},
): Promise<void> {
  const begun = performance.now();
  let told = false;
  while (!tryFlock(file, kind)) {
    signal?.throwIfAborted();
    const waited = performance.now() - begun;
    if (patience !== undefined && waited >= patience) {
      const holders = lockHolders(file);
      throw new StoreError('LOCKED', `${what} is locked by another process`, {
        hint:
          holders.length === 0
            ? 'wait for the other `sandbox` commands to end'
            : `wait for it to end: pid ${holders.join(', ')}`,
      });
    }
    if (!told && waited >= SILENT_MS) {
      told = true;
      onWait?.(lockHolders(file));
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Locks the images of the store: `shared` by who adds blobs and layers (any number at once), `exclusive` by who removes
 * what nothing refers to, and so must not meet what is there but not yet referred to. Not taken by who only starts
 * sandboxes. Throws a StoreError: LOCKED after `patience`, STORE where the store cannot be written.
 */
export async function lockStore(
  store: string,
  kind: 'shared' | 'exclusive',
  options: WaitOptions = {},
): Promise<StoreLock> {
  return await lockPath(`${store}/lock`, kind, `the store ${store}`, options);
}

/** The same for any lock file of the store, made where there is none. */
export async function lockPath(
  path: string,
  kind: 'shared' | 'exclusive',
  what: string,
  options: WaitOptions = {},
): Promise<StoreLock> {
  let file: number;
  try {
    makeDirectory(path.slice(0, path.lastIndexOf('/')));
    file = openLockFile(path);
  } catch (cause) {
    throw storeFailure(`${what} cannot be locked`, path, cause);
  }
  try {
    await waitForFlock(file, kind, what, options);
  } catch (cause) {
    closeSync(file);
    throw storeFailure(`${what} cannot be locked`, path, cause);
  }
  return { release: () => closeSync(file) };
}
