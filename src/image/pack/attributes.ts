import type { FileCalls } from '../../linux/file-calls.ts';
import type { Xattr } from '../unpack/tar/entry.ts';
import { keepsXattr } from '../unpack/tree/metadata.ts';
import { ERRNO, failed, must } from './failure.ts';

const OPAQUE = 'user.overlay.opaque';
const FUSE = 'user.fuseoverlayfs.';
const ACCESS_LIST = 'system.posix_acl_access';
const LIST_HEADER = 4;
const LIST_ENTRY = 8;
const ACL_GROUP_OBJ = 0x04;

/** Whether a layer's archive has an attribute: those that unpacking keeps, but fuse-overlayfs's own. */
function isKept(name: string): boolean {
  return keepsXattr(name) && !name.startsWith(FUSE);
}

function namesOf(calls: FileCalls, descriptor: number, path: string): readonly string[] {
  const names = calls.flistxattr(descriptor);
  if (typeof names !== 'number') return names;
  if (names === -ERRNO.EOPNOTSUPP) return [];
  throw failed(path, 'list the attributes', names);
}

/** Gives the attributes of an open file or directory that belong to a layer, sorted by name. */
export function keptXattrs(calls: FileCalls, descriptor: number, path: string): Xattr[] {
  return namesOf(calls, descriptor, path)
    .filter(isKept)
    .sort()
    .map((name) => {
      const value = calls.fgetxattr(descriptor, name);
      if (typeof value === 'number') throw failed(path, `read the attribute ${JSON.stringify(name)}`, value);
      return { name, value };
    });
}

/**
 * Takes away what does not belong to a layer: overlayfs's notes about where a file came from (Documentation/filesystems/
 * overlayfs.rst; fs/overlayfs/overlayfs.h names them), those of fuse-overlayfs, and access control lists, which archives of
 * layers do not have. An opaque directory stays one.
 */
export function dropXattrs(calls: FileCalls, descriptor: number, path: string): void {
  for (const name of namesOf(calls, descriptor, path)) {
    const isForeign = name.startsWith('user.overlay.') || name.startsWith(FUSE);
    if (!isForeign && !name.startsWith('system.posix_acl_')) continue;
    if (name === OPAQUE) {
      const value = calls.fgetxattr(descriptor, name);
      if (typeof value !== 'number' && value.toString('latin1') === 'y') continue;
    }
    if (name === ACCESS_LIST) narrowGroup(calls, descriptor, path);
    const result = calls.fremovexattr(descriptor, name);
    if (result !== -ERRNO.ENODATA) must(result, path, `remove the attribute ${JSON.stringify(name)}`);
  }
}

/**
 * With a list, what the mode says of the group is the list's mask: without it the group would be given what was others'. acl(5),
 * "correspondence between ACL entries and file permission bits"; include/uapi/linux/posix_acl_xattr.h.
 */
function narrowGroup(calls: FileCalls, descriptor: number, path: string): void {
  const value = calls.fgetxattr(descriptor, ACCESS_LIST);
  const status = calls.lstatat(descriptor, '');
  if (typeof value === 'number' || typeof status === 'number') return;
  for (let at = LIST_HEADER; at + LIST_ENTRY <= value.length; at += LIST_ENTRY) {
    if (value.readUInt16LE(at) !== ACL_GROUP_OBJ) continue;
    const group = (value.readUInt16LE(at + 2) & 0o7) << 3;
    must(calls.fchmod(descriptor, status.mode & 0o7777 & (~0o070 | group)), path, 'set the mode');
  }
}

export function sameXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  return a.length === b.length && a.every(({ name, value }, at) => name === b[at]?.name && value.equals(b[at]?.value));
}
