import { FILE_TYPE } from '../../../linux/constants/open.ts';
import type { FileCalls } from '../../../linux/file-calls.ts';
import type { TarEntry } from '../tar/entry.ts';
import { must } from './failure.ts';
import { checkOwner, type Owners, setXattrs } from './metadata.ts';

/** What open(2) and mkdir(2) do not set. */
export const SPECIAL = FILE_TYPE.S_ISUID | FILE_TYPE.S_ISGID | FILE_TYPE.S_ISVTX;

/** Gives what `chown` changes to the entry's owner. What is new belongs to root already; `always`: it may be old. */
export function own(
  owners: Owners,
  { uid, gid, name }: TarEntry,
  always: boolean,
  chown: (uid: number, gid: number) => number,
): void {
  if (owners === 'one' || (!always && uid === 0 && gid === 0)) return;
  checkOwner(chown(uid, gid), { name, uid, gid });
}

/**
 * Owner, mode, attributes and time of a new file that is open, when its data is written: writing takes capabilities and set-id
 * bits away, and so does a change of owner.
 */
export function dressOpen(calls: FileCalls, descriptor: number, entry: TarEntry, owners: Owners): void {
  const { name, mode, xattrs, seconds, nanoseconds } = entry;
  own(owners, entry, false, (uid, gid) => calls.fchown(descriptor, uid, gid));
  if ((mode & SPECIAL) !== 0) must(calls.fchmod(descriptor, mode), name, 'set its mode');
  if (xattrs.length > 0) setXattrs(calls, descriptor, xattrs, name);
  must(calls.futimens(descriptor, seconds, nanoseconds), name, 'set its time');
}

/** Owner and time of what is new and never opened: links, FIFOs. */
export function dressName(calls: FileCalls, directory: number, base: string, entry: TarEntry, owners: Owners): void {
  const { name, seconds, nanoseconds } = entry;
  own(owners, entry, false, (uid, gid) => calls.lchownat(directory, base, uid, gid));
  must(calls.lutimensat(directory, base, seconds, nanoseconds), name, 'set its time');
}
