import { posix } from 'node:path';
import { unexpected } from '../arguments/usage-error.ts';

/**
 * Takes an absolute path inside the sandbox and gives it without `.`, `..`, double and trailing slashes. `..` is resolved
 * by its text, as no symlink of the root file system is known here. Throws UsageError.
 */
export function parseInsidePath(text: string): string {
  if (!text.startsWith('/')) throw unexpected('an absolute path, which starts with /', text);
  const path = posix.normalize(text);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** What is there is the kernel's: what is written to it and hidden in it must not be something else (CVE-2019-16884). */
const OF_THE_KERNEL = /^\/(proc|sys)(\/|$)/;

/** As `parseInsidePath`, for something to be mounted there, which the root itself, /proc and /sys cannot be. */
export function parseMountPoint(text: string): string {
  const path = parseInsidePath(text);
  if (path === '/')
    throw unexpected('a place below the root', text, 'the root itself is chosen with the image or --rootfs');
  if (OF_THE_KERNEL.test(path)) throw unexpected('a place that is not in /proc or /sys', text);
  return path;
}

/** Takes any path that is not empty; where it leads is looked up later. Throws UsageError. */
export function parseHostPath(text: string): string {
  if (text === '') throw unexpected('a path', text);
  return text;
}
