import { readFileSync } from 'node:fs';
import { decodeBytes } from '../linux/bytes.ts';
import { fromNodeError } from '../linux/errno.ts';
import type { HostMount } from './facts.ts';

/** mangle_path() in fs/seq_file.c: space, tab, line feed, backslash and '#' are three octal digits. */
function unescapeField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Takes the bytes of /proc/PID/mountinfo (proc_pid_mountinfo(5)) and gives where what is mounted, in the kernel's order.
 * It is read for every command: of the ten fields only these two are looked at (linux/mountinfo.ts has them all).
 */
export function parseHostMounts(bytes: Buffer): HostMount[] {
  const mounts: HostMount[] = [];
  for (const line of bytes.toString('latin1').split('\n')) {
    const separator = line.indexOf(' - ');
    if (separator === -1) continue;
    const mountPoint = line.slice(0, separator).split(' ', 5)[4];
    const end = line.indexOf(' ', separator + 3);
    if (mountPoint === undefined || end === -1) continue;
    const path = unescapeField(mountPoint);
    mounts.push({ mountPoint: decodeBytes(Buffer.from(path, 'latin1')), fsType: line.slice(separator + 3, end) });
  }
  return mounts;
}

/** Gives the mounts of this process. Throws a LinuxError where /proc is not mounted. */
export function readHostMounts(): HostMount[] {
  const path = '/proc/self/mountinfo';
  try {
    return parseHostMounts(readFileSync(path));
  } catch (error) {
    throw fromNodeError(error, path, 'the proc file system must be mounted on /proc');
  }
}
