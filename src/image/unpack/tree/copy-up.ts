import { readSync, writeSync } from 'node:fs';
import { hostArch } from '../../../linux/arch.ts';
import { FILE_TYPE, OPEN, RESOLVE } from '../../../linux/constants/open.ts';
import { fromNodeError } from '../../../linux/errno.ts';
import type { FileCalls, FileStatus } from '../../../linux/file-calls.ts';
import { failed, must, refused } from './failure.ts';
import type { Found } from './lower-trees.ts';
import { checkOwner, keepsXattr, type Owners } from './metadata.ts';
import { baseOf } from './unsafe-path.ts';

const FLAGS = OPEN[hostArch()];
const READ = FLAGS.O_RDONLY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const STAND = FLAGS.O_PATH | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const CREATE = FLAGS.O_WRONLY | FLAGS.O_CREAT | FLAGS.O_EXCL | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const CONFINED = RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS;
const PERMISSIONS = 0o7777;

/** Gives an open file or directory the owner, mode, attributes and time of another. */
export function copyMetadata(calls: FileCalls, from: number, to: number, name: string, owners: Owners): void {
  const status = calls.lstatat(from, '');
  if (typeof status === 'number') throw failed(name, 'look at it in a lower layer', status);
  const { uid, gid, mode, seconds, nanoseconds } = status;
  if (owners === 'kept') checkOwner(calls.fchown(to, uid, gid), { name, uid, gid });
  must(calls.fchmod(to, mode & PERMISSIONS), name, 'set its mode');
  const names = calls.flistxattr(from);
  for (const each of typeof names === 'number' ? [] : names.filter(keepsXattr)) {
    const value = calls.fgetxattr(from, each);
    if (typeof value !== 'number') must(calls.fsetxattr(to, each, value), name, 'set an attribute');
  }
  must(calls.futimens(to, seconds, nanoseconds), name, 'set its time');
}

/** Copies a file of a lower layer, whatever it is but a directory, to `name` below a directory. */
export function copyUp(calls: FileCalls, { root, status }: Found, path: string, to: number, owners: Owners): void {
  const slash = path.lastIndexOf('/');
  const from = slash === -1 ? root : calls.openat2(root, path.slice(0, slash), STAND, CONFINED);
  must(from, path, 'open its directory in a lower layer');
  try {
    switch (status.mode & FILE_TYPE.S_IFMT) {
      case FILE_TYPE.S_IFREG:
        copyFile(calls, from, to, path, owners);
        break;
      case FILE_TYPE.S_IFLNK: {
        const target = calls.readlinkat(from, baseOf(path));
        if (typeof target === 'number') throw failed(path, 'read a symbolic link', target);
        must(calls.symlinkat(target, to, baseOf(path)), path, 'create it');
        dress(calls, status, path, to, owners);
        break;
      }
      case FILE_TYPE.S_IFIFO:
        must(calls.mknodat(to, baseOf(path), status.mode), path, 'create it');
        dress(calls, status, path, to, owners);
        break;
      default:
        throw refused(path, 'a hard link to it is not possible');
    }
  } finally {
    if (slash !== -1) calls.close(from);
  }
}

function dress(calls: FileCalls, status: FileStatus, path: string, to: number, owners: Owners): void {
  const { uid, gid, seconds, nanoseconds } = status;
  if (owners === 'kept') checkOwner(calls.lchownat(to, baseOf(path), uid, gid), { name: path, uid, gid });
  must(calls.lutimensat(to, baseOf(path), seconds, nanoseconds), path, 'set its time');
}

function copyFile(calls: FileCalls, from: number, to: number, path: string, owners: Owners): void {
  const source = must(calls.openat(from, baseOf(path), READ, 0), path, 'open it in a lower layer');
  try {
    const copy = must(calls.openat(to, baseOf(path), CREATE, 0o600), path, 'create it');
    try {
      const buffer = Buffer.allocUnsafe(256 * 1024);
      for (let length = readSync(source, buffer); length > 0; length = readSync(source, buffer))
        for (let at = 0; at < length; ) at += writeSync(copy, buffer, at, length - at);
      copyMetadata(calls, source, copy, path, owners);
    } catch (error) {
      if (error instanceof Error && 'hint' in error) throw error;
      throw failed(path, 'copy it from a lower layer', -fromNodeError(error).errno);
    } finally {
      calls.close(copy);
    }
  } finally {
    calls.close(source);
  }
}
