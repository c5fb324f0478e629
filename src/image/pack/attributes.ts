import type { FileCalls } from '../../linux/file-calls.ts';
import type { Xattr } from '../unpack/tar/entry.ts';
import { keepsXattr } from '../unpack/tree/metadata.ts';
import { ERRNO, failed, must } from './failure.ts';

const OPAQUE = 'user.overlay.opaque';
const FUSE = 'user.fuseoverlayfs.';

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
    const result = calls.fremovexattr(descriptor, name);
    if (result !== -ERRNO.ENODATA) must(result, path, `remove the attribute ${JSON.stringify(name)}`);
  }
}

export function sameXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  return a.length === b.length && a.every(({ name, value }, at) => name === b[at]?.name && value.equals(b[at]?.value));
}
