import { readSync } from 'node:fs';
import { hostArch } from '../linux/arch.ts';
import { OPEN } from '../linux/constants/open.ts';
import type { Aspect } from './model.ts';
import { calls, kindOf, modeOf, openFile, type Status } from './tree.ts';

/** An entry that was looked at: its directory's descriptor, its name in there, what it is. */
export interface Entry {
  readonly directory: number;
  readonly name: string;
  readonly status: Status;
}

/** What overlayfs and fuse-overlayfs say of a layer: nobody's own attributes. */
const OVERLAY = /^user\.(overlay|fuseoverlayfs)\./;
const SHOWN = /^(user\.|security\.capability$|system\.posix_acl_)/;
const CHUNK = 1 << 18;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC } = OPEN[hostArch()];

/** Extended attributes of an open file or directory that are the user's, by name: those of overlays are not. */
export function attributesOf(descriptor: number, pattern = SHOWN): Map<string, Buffer> {
  const { files } = calls();
  const names = files.flistxattr(descriptor);
  const found = new Map<string, Buffer>();
  for (const name of typeof names === 'number' ? [] : names.sort()) {
    if (OVERLAY.test(name) || !pattern.test(name)) continue;
    const value = files.fgetxattr(descriptor, name);
    if (typeof value !== 'number') found.set(name, value);
  }
  return found;
}

export function sameAttributes(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name)?.equals(value) === true);
}

/** Opens a file or directory for reading; negative where that is not possible. */
export function openEntry({ directory, name, status }: Entry): number {
  const kind = kindOf(status);
  if (kind === 'file') return openFile(directory, name, status);
  if (kind !== 'directory') return -1;
  return calls().files.openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

/** Whether two open files of one size have the same bytes. Holes that both have cost nothing, however large they are. */
function sameBytes(a: number, b: number, size: number): boolean {
  const { ranges } = calls();
  const left = Buffer.allocUnsafe(CHUNK);
  const right = Buffer.allocUnsafe(CHUNK);
  const dataAt = (file: number, offset: number): number => {
    const at = ranges.nextData(file, offset);
    // ENXIO: nothing but a hole. Everything else: a file system that knows no holes.
    return at >= 0 ? at : at === -6 ? size : offset;
  };
  for (let position = 0; position < size; ) {
    const next = Math.min(dataAt(a, position), dataAt(b, position));
    if (next >= size) return true;
    const length = Math.min(CHUNK, size - next);
    const got = readFully(a, left, length, next);
    if (got !== readFully(b, right, length, next)) return false;
    if (got === 0) return true;
    if (left.compare(right, 0, got, 0, got) !== 0) return false;
    position = next + got;
  }
  return true;
}

function readFully(file: number, buffer: Buffer, length: number, position: number): number {
  let total = 0;
  while (total < length) {
    const got = readSync(file, buffer, total, length - total, position + total);
    if (got === 0) break;
    total += got;
  }
  return total;
}

/** Takes two entries of one kind and gives what differs; times do not count. What cannot be read counts as different. */
export function differences(now: Entry, before: Entry, { owners }: { readonly owners: boolean }): Aspect[] {
  const kind = kindOf(now.status);
  const found: Aspect[] = [];
  if (kind === 'symlink') {
    const { files } = calls();
    const target = files.readlinkat(now.directory, now.name);
    if (target !== files.readlinkat(before.directory, before.name)) found.push('target');
  } else if (modeOf(now.status) !== modeOf(before.status)) found.push('mode');
  if (owners && (now.status.uid !== before.status.uid || now.status.gid !== before.status.gid)) found.push('owner');
  if (kind === 'device' && now.status.rdev !== before.status.rdev) found.push('content');
  if (kind === 'file' || kind === 'directory') compareOpen(now, before, found);
  return found;
}

function compareOpen(now: Entry, before: Entry, found: Aspect[]): void {
  const { files } = calls();
  const isFile = kindOf(now.status) === 'file';
  if (isFile && now.status.size !== before.status.size) found.unshift('content');
  const a = openEntry(now);
  const b = openEntry(before);
  try {
    if (a < 0 || b < 0) {
      if (isFile && found[0] !== 'content') found.unshift('content');
      return;
    }
    if (isFile && found[0] !== 'content' && !sameBytes(a, b, Number(now.status.size))) found.unshift('content');
    if (!sameAttributes(attributesOf(a), attributesOf(b))) found.push('xattrs');
  } finally {
    for (const open of [a, b]) if (open >= 0) files.close(open);
  }
}

/** Permission bits that an entry gets on the host: nothing that lends its owner's rights to others. */
export function appliedMode({ mode }: Status): number {
  return Number(mode) & 0o1777;
}

const USERS = /^user\./;

/** Whether an entry of the host is what applying `now` would make: then nothing is left to do. */
export function isApplied(now: Entry, host: Entry): boolean {
  const kind = kindOf(now.status);
  if (kind !== kindOf(host.status)) return false;
  if (kind === 'symlink') {
    const { files } = calls();
    return files.readlinkat(now.directory, now.name) === files.readlinkat(host.directory, host.name);
  }
  // What the host's own file or directory has of these bits is not touched.
  if (appliedMode(now.status) !== appliedMode(host.status)) return false;
  if (kind === 'fifo') return true;
  if (kind !== 'file' && kind !== 'directory') return false;
  if (kind === 'file' && now.status.size !== host.status.size) return false;
  const { files } = calls();
  const a = openEntry(now);
  const b = openEntry(host);
  try {
    if (a < 0 || b < 0) return false;
    if (!sameAttributes(attributesOf(a, USERS), attributesOf(b, USERS))) return false;
    return kind === 'directory' || sameBytes(a, b, Number(now.status.size));
  } finally {
    for (const open of [a, b]) if (open >= 0) files.close(open);
  }
}
