import { errnoName, errnoText } from '../../../linux/errno.ts';
import { DISK_HINTS } from '../../disk-hints.ts';
import { ImageError } from '../../error.ts';
import { printableName } from '../printable-name.ts';

/** The errnos that the writer decides by. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EOPNOTSUPP: 95,
} as const;

const HINTS: Readonly<Record<string, string>> = {
  ...DISK_HINTS,
  EFBIG: 'the file system of the store does not take files of this size',
  EMLINK: 'the file system of the store does not take as many hard links to one file',
  EACCES: 'a security module or the file system refuses what its owner may do: is the store on a network file system?',
  ENAMETOOLONG: 'Linux takes names of 255 bytes and paths of 4095',
};

/** An entry that asks for what no layer may ask for. `name` is bytes in Latin-1. */
export function refused(name: string, why: string): ImageError {
  return new ImageError('UNPACK', `the layer's entry ${printableName(name)} is refused: ${why}`, {
    hint: 'the image is broken, or made to do harm: nothing of the layer was kept',
  });
}

/** A system call that failed for an entry. `result` is what it gave: the negated errno. */
export function failed(name: string, what: string, result: number): ImageError {
  const code = errnoName(-result);
  const hint = HINTS[code];
  return new ImageError(
    'UNPACK',
    `the layer's entry ${printableName(name)} cannot be unpacked: ${what}: ${errnoText(code)} (${code})`,
    hint === undefined ? {} : { hint },
  );
}

/** Takes the result of a call that may not fail, and gives it. */
export function must(result: number, name: string, what: string): number {
  if (result < 0) throw failed(name, what, result);
  return result;
}
