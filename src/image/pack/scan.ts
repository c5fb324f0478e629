import { FILE_TYPE } from '../../linux/constants/open.ts';
import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { isOpaque, isWhiteout, typeOf } from '../../linux/overlay-form.ts';
import type { Xattr } from '../unpack/tar/entry.ts';
import { namesIn } from '../unpack/tree/remove-tree.ts';
import { below, LONGEST, WHITEOUT } from '../unpack/tree/unsafe-path.ts';
import { keptXattrs } from './attributes.ts';
import { failed, failedCall, unfit } from './failure.ts';
import { openDirectory } from './open.ts';

/** One entry of a layer's archive. Paths are relative, bytes in Latin-1. */
export type PackEntry =
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly status: FileStatus;
      readonly xattrs: readonly Xattr[];
    }
  | { readonly kind: 'file'; readonly path: string; readonly status: FileStatus }
  | { readonly kind: 'fifo'; readonly path: string; readonly status: FileStatus }
  | { readonly kind: 'symlink' | 'hardlink'; readonly path: string; readonly status: FileStatus; readonly to: string }
  /** What the layers below have of this name is gone. */
  | { readonly kind: 'whiteout'; readonly path: string }
  /** The directory at the path hides what they have in theirs. */
  | { readonly kind: 'opaque'; readonly path: string };

const SPECIAL = 0o7000;
/** As many as unpacking takes. */
const MOST_ENTRIES = 5_000_000;

/**
 * Gives the entries of a layer's tree, whose root directory is open, in the order of its archive: a directory before what is
 * in it, there first what is hidden of the layers below, then the names in the order of their bytes. The first of a file's
 * names in this order has its data. The root has an entry where it is not as unpacking makes it without one. Throws an
 * ImageError for what no archive of a layer can have.
 */
export function scanTree(calls: FileCalls, root: number): PackEntry[] {
  const entries: PackEntry[] = [];
  const links = new Map<string, string>();

  const walk = (directory: number, path: string): void => {
    const names = namesOf(directory, path).sort();
    const shown: Array<readonly [name: string, status: FileStatus]> = [];
    for (const name of names) {
      const status = calls.lstatat(directory, name);
      const at = below(path, name);
      if (typeof status === 'number') throw failed(at, 'look at an entry', status);
      if (at.length > LONGEST) throw unfit(at, `its path has ${at.length} bytes, and Linux takes ${LONGEST}`);
      if (name.startsWith(WHITEOUT)) throw unfit(at, `names that begin with ${WHITEOUT} mean something else in layers`);
      if (isWhiteout(status)) entries.push({ kind: 'whiteout', path: at });
      else shown.push([name, status]);
    }
    for (const [name, status] of shown) visit(directory, name, below(path, name), status);
    if (entries.length > MOST_ENTRIES) throw unfit(path, `there are more than ${MOST_ENTRIES} entries`);
  };

  const visit = (directory: number, name: string, path: string, status: FileStatus): void => {
    switch (typeOf(status)) {
      case FILE_TYPE.S_IFDIR: {
        const open = openDirectory(calls, directory, name, path);
        try {
          entries.push({ kind: 'directory', path, status, xattrs: keptXattrs(calls, open, path) });
          if (isOpaque(calls, open)) entries.push({ kind: 'opaque', path });
          walk(open, path);
        } finally {
          calls.close(open);
        }
        return;
      }
      case FILE_TYPE.S_IFREG:
      case FILE_TYPE.S_IFIFO:
      case FILE_TYPE.S_IFLNK: {
        const first = firstName(status, path);
        if (first !== undefined) entries.push({ kind: 'hardlink', path, status, to: first });
        else if (typeOf(status) === FILE_TYPE.S_IFLNK) {
          const to = calls.readlinkat(directory, name);
          if (typeof to === 'number') throw failed(path, 'read a symbolic link', to);
          entries.push({ kind: 'symlink', path, status, to });
        } else if (typeOf(status) === FILE_TYPE.S_IFREG) entries.push({ kind: 'file', path, status });
        // Set-id bits of a FIFO mean nothing, and unpacking does not set them.
        else entries.push({ kind: 'fifo', path, status: { ...status, mode: status.mode & ~SPECIAL } });
        return;
      }
      default:
        throw unfit(path, 'it is a socket or a device');
    }
  };

  const firstName = ({ links: count, device, inode }: FileStatus, path: string): string | undefined => {
    if (count < 2) return undefined;
    const file = `${device}:${inode}`;
    const first = links.get(file);
    if (first === undefined) links.set(file, path);
    return first;
  };

  const status = calls.lstatat(root, '');
  if (typeof status === 'number') throw failed('.', 'look at the root directory', status);
  const xattrs = keptXattrs(calls, root, '.');
  const { mode, uid, gid } = status;
  if ((mode & 0o7777) !== 0o755 || uid !== 0 || gid !== 0 || xattrs.length > 0)
    entries.push({ kind: 'directory', path: '', status, xattrs });
  walk(root, '');
  return entries;
}

/** The names in an open directory, Latin-1. */
export function namesOf(directory: number, path: string): string[] {
  try {
    return namesIn(directory);
  } catch (error) {
    throw failedCall(error, path, 'read a directory');
  }
}
