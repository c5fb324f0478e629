import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { posix } from 'node:path';
import { decodeBytes, encodeBytes } from '../../linux/bytes.ts';
import { fromNodeError } from '../../linux/errno.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';

/**
 * Takes a path of the host as it was typed after an option; gives the real one, no symlink left: what is looked at here is
 * what gets mounted. Throws UsageError naming the option, with the LinuxError as its cause.
 */
export function realHostPath(option: string, unsafePath: string, currentDirectory: () => string): string {
  try {
    const path = unsafePath.startsWith('/') ? unsafePath : `${currentDirectory()}/${unsafePath}`;
    return decodeBytes(realpathSync.native(encodeBytes(path), { encoding: 'buffer' }));
  } catch (error) {
    throw new UsageError(`${option}: ${quoted(unsafePath)} cannot be used`, {
      cause: fromNodeError(error, unsafePath),
    });
  }
}

/** As `realHostPath`, for a directory. */
export function realHostDirectory(option: string, unsafePath: string, currentDirectory: () => string): string {
  const path = realHostPath(option, unsafePath, currentDirectory);
  if (!isDirectory(path)) throw new UsageError(`${option}: expected a directory, got ${quoted(unsafePath)}`);
  return path;
}

/** Takes a path as typed after an option and gives the file's text. Throws UsageError. */
export function readHostText(option: string, unsafePath: string, currentDirectory: () => string): string {
  // Not its real path: that of a pipe, /dev/fd/63 of `<(command)`, leads nowhere.
  const path = unsafePath.startsWith('/') ? unsafePath : `${currentDirectory()}/${unsafePath}`;
  try {
    return decodeBytes(readFileSync(encodeBytes(path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${option}: ${quoted(unsafePath)} cannot be read`, { cause: fromNodeError(error, path) });
  }
}

/**
 * Takes a path as typed after an option and gives the file's bytes, or undefined where there are more than `most`: a pipe or a
 * device may have no end. `within`: an absolute real path; the file that is opened has to lie there. Throws UsageError.
 */
export function readHostBytes(
  option: string,
  unsafePath: string,
  most: number,
  currentDirectory: () => string,
  within?: string,
): Buffer | undefined {
  const path = unsafePath.startsWith('/') ? unsafePath : `${currentDirectory()}/${unsafePath}`;
  let descriptor: number | undefined;
  try {
    // What runs in a place that it may write to can put a pipe there, which nobody ever writes to.
    descriptor = openSync(encodeBytes(path), constants.O_RDONLY | (within === undefined ? 0 : constants.O_NONBLOCK));
    if (within !== undefined) expectWithin(option, { unsafePath, descriptor, within });
    const bytes = Buffer.alloc(most + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return length > most ? undefined : bytes.subarray(0, length);
  } catch (error) {
    throw new UsageError(`${option}: ${quoted(unsafePath)} cannot be read`, { cause: fromNodeError(error, path) });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What is open is looked at: a path that was looked up may lead elsewhere by now. proc_pid_fd(5). */
function expectWithin(
  option: string,
  { unsafePath, descriptor, within }: { unsafePath: string; descriptor: number; within: string },
): void {
  if (!fstatSync(descriptor).isFile()) throw new UsageError(`${option}: ${quoted(unsafePath)} is not a regular file`);
  const path = decodeBytes(readlinkSync(`/proc/self/fd/${descriptor}`, 'buffer'));
  if (path.startsWith(within === '/' ? '/' : `${within}/`)) return;
  throw new UsageError(`${option}: ${quoted(unsafePath)} is a link that leads out of ${within}, to ${path}`, {
    hint: 'what runs in the project may have made it; if it is meant, name the path that it leads to',
  });
}

/** Takes a path and says whether a directory is there, as far as this user can see: a PATH may name others' homes. */
export function isDirectory(path: string): boolean {
  try {
    return statSync(encodeBytes(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Takes a path and gives the real one, or the path itself where it leads nowhere. */
export function realPathIfAny(path: string): string {
  try {
    return decodeBytes(realpathSync.native(encodeBytes(path), { encoding: 'buffer' }));
  } catch {
    return posix.resolve('/', path);
  }
}
