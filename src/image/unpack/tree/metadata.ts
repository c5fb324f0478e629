import type { FileCalls } from '../../../linux/file-calls.ts';
import type { Xattr } from '../tar/entry.ts';
import { ERRNO, failed, must, refused } from './failure.ts';

const CAPABILITY = 'security.capability';

/** Whose ids may own files: all that the namespace maps, or only the one, and then every file is the user's. */
export type Owners = 'kept' | 'one';

/**
 * Which attributes of a layer are kept: the user's, and file capabilities. Those of overlayfs would say where an overlay
 * takes a file from, or hide what is below: only the unpacker itself says that. Others are the host's business.
 */
export function keepsXattr(name: string): boolean {
  return name === CAPABILITY || (name.startsWith('user.') && !name.startsWith('user.overlay.'));
}

/**
 * Sets the attributes that are kept. A capability that this namespace may not give (of an id that it has not) and the
 * attributes of a file system that has none are left out: the file is then worth less, never more.
 */
export function setXattrs(calls: FileCalls, descriptor: number, xattrs: readonly Xattr[], name: string): void {
  for (const xattr of xattrs) {
    if (!keepsXattr(xattr.name)) continue;
    const result = calls.fsetxattr(descriptor, xattr.name, xattr.value);
    if (result >= 0 || result === -ERRNO.EOPNOTSUPP) continue;
    if (xattr.name === CAPABILITY && (result === -ERRNO.EPERM || result === -ERRNO.EINVAL)) continue;
    throw failed(name, `set its attribute ${JSON.stringify(xattr.name)} (${xattr.value.length} bytes)`, result);
  }
}

/** Takes away what an earlier entry of the same directory gave it. */
export function dropXattrs(calls: FileCalls, descriptor: number, name: string): void {
  const names = calls.flistxattr(descriptor);
  if (typeof names === 'number') return;
  for (const each of names)
    if (keepsXattr(each)) must(calls.fremovexattr(descriptor, each), name, 'remove an attribute');
}

/** Checks what chown(2) answered: EINVAL means an id that the user namespace does not map. */
export function checkOwner(result: number, { name, uid, gid }: { name: string; uid: number; gid: number }): void {
  if (result >= 0) return;
  if (result !== -ERRNO.EINVAL) throw failed(name, `give it to ${uid}:${gid}`, result);
  throw refused(name, `it belongs to ${uid}:${gid}, and your subordinate ids do not reach so far (see /etc/subuid)`);
}
