import { readFileSync } from 'node:fs';
import { decodeBytes } from './bytes.ts';
import { fromNodeError } from './errno.ts';

/** One line of /proc/PID/mountinfo: proc_pid_mountinfo(5). Paths are byte strings, unescaped. */
export interface MountInfo {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system's device. */
  readonly device: string;
  /** The directory of the file system that is mounted here. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of this mount: 'rw', 'nosuid', 'relatime' … */
  readonly options: readonly string[];
  /** Propagation: 'shared:1', 'master:2', 'unbindable'; empty for a private mount. */
  readonly propagation: readonly string[];
  readonly fsType: string;
  readonly source: string;
  /** Of the file system: 'rw', 'lowerdir=…', 'userxattr' … Values may hold commas of their own, escaped or not. */
  readonly superOptions: readonly string[];
}

/** Gives the mounts that a process sees, in the kernel's order. Throws a LinuxError where it cannot be read. */
export function readMountInfo(pid: number | 'self' = 'self'): MountInfo[] {
  const path = `/proc/${pid}/mountinfo`;
  try {
    return parseMountInfo(readFileSync(path));
  } catch (error) {
    throw fromNodeError(error, path);
  }
}

/** Takes the bytes of a mountinfo file. Lines that are not of its form are left out. */
export function parseMountInfo(bytes: Uint8Array): MountInfo[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** One character of `line` is one byte: fields are split as bytes and decoded after that. */
function parseLine(line: string): MountInfo | undefined {
  // A source may be the empty string: two spaces in a row are then right, and no run of spaces may be taken as one.
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [id, parent, device, root, mountPoint, options] = fields;
  const [fsType, source, superOptions] = separator === -1 ? [] : fields.slice(separator + 1);
  if (!isNumber(id) || !isNumber(parent) || !device || !root || !mountPoint || !options) return undefined;
  if (!fsType || source === undefined || superOptions === undefined) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unmangle(root),
    mountPoint: unmangle(mountPoint),
    options: options.split(','),
    propagation: fields.slice(6, separator),
    fsType: unmangle(fsType),
    source: unmangle(source),
    superOptions: superOptions.split(',').map(unmangle),
  };
}

function isNumber(field: string | undefined): field is string {
  return field !== undefined && /^\d{1,10}$/.test(field);
}

/** The kernel writes space, tab, line feed, backslash and '#' as three octal digits: fs/seq_file.c, mangle_path(). */
function unmangle(field: string): string {
  const bytes = field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return decodeBytes(Buffer.from(bytes, 'latin1'));
}
