import { FILE_TYPE } from './constants/open.ts';
import type { FileCalls, FileStatus } from './file-calls.ts';

/*
 * How overlayfs says in a layer what is gone and what is hidden: Documentation/filesystems/overlayfs.rst, "whiteouts and
 * opaque directories". The attribute's name is that of mounts with `userxattr`.
 */

const OPAQUE_XATTR = 'user.overlay.opaque';
const OPAQUE_YES = Buffer.from('y');

export const typeOf = ({ mode }: FileStatus): number => mode & FILE_TYPE.S_IFMT;
export const isDirectory = (status: FileStatus): boolean => typeOf(status) === FILE_TYPE.S_IFDIR;
export const isSymlink = (status: FileStatus): boolean => typeOf(status) === FILE_TYPE.S_IFLNK;

/** A character device 0:0. */
export function isWhiteout(status: FileStatus): boolean {
  return typeOf(status) === FILE_TYPE.S_IFCHR && status.deviceMajor === 0 && status.deviceMinor === 0;
}

/** Whether an open directory hides what layers below have in theirs. */
export function isOpaque(calls: FileCalls, directory: number): boolean {
  const value = calls.fgetxattr(directory, OPAQUE_XATTR);
  return typeof value !== 'number' && OPAQUE_YES.equals(value);
}

/** Makes an open directory one of them. Gives the negated errno on failure. */
export function markOpaque(calls: FileCalls, directory: number): number {
  return calls.fsetxattr(directory, OPAQUE_XATTR, OPAQUE_YES);
}
