import { DomainError } from '../domain-error.ts';

/** What went wrong with a sandbox, an image or the store itself. */
export type StoreErrorCode =
  | 'NO_SANDBOX'
  | 'EXISTS'
  | 'RUNNING'
  | 'STORE'
  | 'NAME'
  /** No image of that name or id in the store. */
  | 'NO_IMAGE'
  /** An id's beginning that several images share. */
  | 'AMBIGUOUS'
  /** A sandbox was made from the image. */
  | 'IN_USE'
  /** A file of the store that does not say what it must. */
  | 'CORRUPT'
  /** Written by a later version. */
  | 'NEWER'
  /** No space, no inode or no quota is left. */
  | 'FULL'
  /** Another process did not let go of the store in time. */
  | 'LOCKED';

/** A sandbox, an image or the store that cannot be used as asked. `hint` says what to do about it. */
export class StoreError extends DomainError<StoreErrorCode> {
  override readonly name = 'StoreError';
}

/** Gives the errno's name of what a call of `node:fs` or of linux/ threw, undefined where it is nothing of that kind. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'no space (or no inode) is left on the device',
  EDQUOT: 'your disk quota is used up',
};

/**
 * Takes what could not be done (`the image index cannot be written`) and why, and gives the error for people. What is not
 * a failed system call is given back as it is: a bug of ours.
 */
export function storeFailure(what: string, path: string, cause: unknown): unknown {
  if (cause instanceof StoreError) return cause;
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  const full = FULL[errno];
  if (full !== undefined) {
    return new StoreError('FULL', `${what}: ${full} (${errno}): ${path}`, {
      hint: '`sandbox gc` frees what nothing uses, `sandbox df` shows what takes the space',
      cause,
    });
  }
  return new StoreError('STORE', `${what}: ${path}: ${errno}`, {
    hint: 'the store must be yours and writable; XDG_DATA_HOME names another place',
    cause,
  });
}
