import { errnoName, errnoText, fromNodeError } from '../../linux/errno.ts';
import { DISK_HINTS } from '../disk-hints.ts';
import { ImageError } from '../error.ts';
import { printableName } from '../unpack/printable-name.ts';

export const ERRNO = { EPERM: 1, ENOENT: 2, ENOTDIR: 20, ELOOP: 40, ENODATA: 61, EOPNOTSUPP: 95 } as const;

/** What no layer can have. `path` is bytes in Latin-1. */
export function unfit(path: string, why: string, hint?: string): ImageError {
  return new ImageError('PACK', `${printableName(path)} cannot be in a layer: ${why}`, { hint });
}

/** A system call that failed. `result` is what it gave: the negated errno. */
export function failed(path: string, what: string, result: number): ImageError {
  const code = errnoName(-result);
  const message = `no layer can be made: cannot ${what}: ${printableName(path)}: ${errnoText(code)} (${code})`;
  return new ImageError('PACK', message, { hint: DISK_HINTS[code] });
}

/** Takes the result of a call that may not fail, and gives it. */
export function must(result: number, path: string, what: string): number {
  if (result < 0) throw failed(path, what, result);
  return result;
}

/** What node:fs threw. */
export function failedCall(error: unknown, path: string, what: string): ImageError {
  return error instanceof ImageError ? error : failed(path, what, -fromNodeError(error, path).errno);
}
