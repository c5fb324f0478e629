import { AT, FILE_TYPE } from '../../linux/constants/open.ts';
import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { isOpaque, isWhiteout, markOpaque, typeOf } from '../../linux/overlay-form.ts';
import { below, LONGEST, OPAQUE, WHITEOUT } from '../unpack/tree/unsafe-path.ts';
import { dropXattrs, keptXattrs, sameXattrs } from './attributes.ts';
import { firstDifference } from './content.ts';
import { ERRNO, failed, must, unfit } from './failure.ts';
import {
  type LowerDirectories,
  type LowerEntry,
  lowerEntry,
  sameOwnerAndMode,
  sameTime,
  withLowerDirectories,
} from './lower.ts';
import { openDirectory, openFile } from './open.ts';
import { OwnPlaces } from './own-places.ts';
import { namesOf } from './scan.ts';

const PERMISSIONS = 0o7777;
/** Each level takes some of the stack; no program makes so many on purpose. */
const MOST_LEVELS = 512;
const OPAQUE_XATTR = 'user.overlay.opaque';
const FUSE_OPAQUE_XATTR = 'user.fuseoverlayfs.opaque';

export interface SealOptions {
  readonly calls: FileCalls;
  /** Descriptors of the roots of the layers below, from the uppermost down. */
  readonly lowers: LowerDirectories;
  /** Absolute paths inside, Latin-1. */
  readonly ownPlaces: readonly string[];
  /** Seconds since 1970. */
  readonly epoch: number;
}

/**
 * Makes a layer's tree of an upper directory, in its place: whiteouts and opaque directories in overlayfs's own form, whatever
 * driver left them; nothing of a driver's notes, of places to mount on, and of copies that are what is below anyway; times in
 * whole seconds and none after the epoch. Sockets, which no archive has, are removed. Throws an ImageError for what no
 * layer can have.
 */
export function sealTree(root: number, options: SealOptions): void {
  new Sealing(options).root(root);
}

class Sealing {
  readonly #calls: FileCalls;
  readonly #options: SealOptions;
  readonly #places: OwnPlaces;
  #level = 0;

  constructor(options: SealOptions) {
    this.#calls = options.calls;
    this.#options = options;
    this.#places = new OwnPlaces(options.ownPlaces);
  }

  root(root: number): void {
    const status = this.#look(root, '', '.');
    this.#entries(root, '', this.#options.lowers);
    dropXattrs(this.#calls, root, '.');
    // It hides nothing, since overlayfs does not ask it.
    this.#calls.fremovexattr(root, OPAQUE_XATTR);
    const isPlain = (status.mode & PERMISSIONS) === 0o755 && status.uid === 0 && status.gid === 0;
    // Without an entry of its own in the archive, unpacking gives it this time.
    if (isPlain && keptXattrs(this.#calls, root, '.').length === 0)
      must(this.#calls.futimens(root, 0, 0), '.', 'set the time');
    else this.#setOpenTime(root, status, '.');
  }

  /** Seals what is in a directory; gives whether nothing is left in it. */
  #entries(directory: number, path: string, lowers: LowerDirectories): boolean {
    let left = 0;
    for (const name of namesOf(directory, path)) {
      const at = below(path, name);
      if (at.length > LONGEST) throw unfit(at, `its path has ${at.length} bytes, and Linux takes ${LONGEST}`);
      const status = this.#look(directory, name, at);
      if (name.startsWith(WHITEOUT)) this.#dropMark(directory, name, at, status);
      else if (this.#entry(directory, name, at, status, lowers)) left += 1;
    }
    return left === 0;
  }

  /**
   * Takes away what fuse-overlayfs adds to its attribute of an opaque directory: a file, and a device that says the file is gone.
   * Whiteouts are devices with any driver, since Linux 5.8 lets everybody make them. Other files with such names are the script's,
   * and whoever reads the layer would take them for whiteouts.
   */
  #dropMark(directory: number, name: string, path: string, status: FileStatus): void {
    const isMark = name === OPAQUE && typeOf(status) === FILE_TYPE.S_IFREG && status.size === 0;
    if (!isWhiteout(status) && !(isMark && this.#hasFuseMark(directory)))
      throw unfit(path, `names that begin with ${WHITEOUT} mean something else in layers`, 'give it another name');
    this.#remove(directory, name, path, 0);
  }

  /** Gives whether the entry remains. */
  #entry(directory: number, name: string, path: string, status: FileStatus, lowers: LowerDirectories): boolean {
    switch (typeOf(status)) {
      case FILE_TYPE.S_IFDIR:
        return this.#directory(directory, name, path, status, lowers);
      case FILE_TYPE.S_IFREG:
        return this.#file(directory, name, path, status, lowers);
      case FILE_TYPE.S_IFLNK:
        if (this.#isLowerLink(directory, name, status, lowers)) return this.#remove(directory, name, path, 0);
        return this.#setTime(directory, name, path, status);
      case FILE_TYPE.S_IFIFO:
        return this.#setTime(directory, name, path, status);
      case FILE_TYPE.S_IFSOCK:
        return this.#remove(directory, name, path, 0);
      default:
        if (!isWhiteout(status)) throw unfit(path, 'it is a device');
        // fuse-overlayfs makes one, too, for what came and went.
        if (lowerEntry(this.#calls, lowers, name) === undefined) return this.#remove(directory, name, path, 0);
        return true;
    }
  }

  #directory(parent: number, name: string, path: string, status: FileStatus, lowers: LowerDirectories): boolean {
    if (this.#level >= MOST_LEVELS)
      throw unfit(path, `its directory is the ${MOST_LEVELS}th of a chain, which is too deep`);
    const open = openDirectory(this.#calls, parent, name, path);
    this.#level += 1;
    try {
      const isEmpty = withLowerDirectories(this.#calls, lowers, name, (beneath) => {
        const hides = this.#hides(open);
        const empty = this.#entries(open, path, hides ? [] : beneath);
        // The kernel marks every new directory, which says nothing where there is nothing to hide.
        const isMarked = hides && beneath.length > 0;
        if (isMarked) must(markOpaque(this.#calls, open), path, 'mark it as opaque');
        else if (hides) this.#calls.fremovexattr(open, OPAQUE_XATTR);
        dropXattrs(this.#calls, open, path);
        if (!empty || isMarked) return false;
        const [uppermost] = beneath;
        if (uppermost === undefined) return this.#places.hasBelow(path);
        return this.#isLowerDirectory(open, status, uppermost, path);
      });
      if (isEmpty) return this.#remove(parent, name, path, AT.AT_REMOVEDIR);
      this.#setOpenTime(open, status, path);
      return true;
    } finally {
      this.#level -= 1;
      this.#calls.close(open);
    }
  }

  #file(parent: number, name: string, path: string, status: FileStatus, lowers: LowerDirectories): boolean {
    const lower = lowerEntry(this.#calls, lowers, name);
    if (lower === undefined && status.size === 0 && this.#places.has(path)) return this.#remove(parent, name, path, 0);
    const open = openFile(this.#calls, parent, name, path, status);
    try {
      dropXattrs(this.#calls, open, path);
      if (lower !== undefined && this.#isLowerFile(open, status, lower, name, path))
        return this.#remove(parent, name, path, 0);
      this.#setOpenTime(open, status, path);
      return true;
    } finally {
      this.#calls.close(open);
    }
  }

  /** Whether an open directory hides what is below: by any driver's mark. */
  #hides(directory: number): boolean {
    return isOpaque(this.#calls, directory) || this.#hasFuseMark(directory);
  }

  #hasFuseMark(directory: number): boolean {
    const value = this.#calls.fgetxattr(directory, FUSE_OPAQUE_XATTR);
    if (typeof value !== 'number') return value.toString('latin1') === 'y';
    if (value !== -ERRNO.EOPNOTSUPP) return false;
    // The file alone says it where there are no attributes.
    const mark = this.#calls.lstatat(directory, OPAQUE);
    return typeof mark !== 'number' && typeOf(mark) === FILE_TYPE.S_IFREG;
  }

  /** Whether an empty directory says nothing that the one below does not: that something came and went is no change. */
  #isLowerDirectory(open: number, status: FileStatus, lower: number, path: string): boolean {
    const other = this.#look(lower, '', path);
    const isTouched = status.seconds >= this.#options.epoch;
    if (!sameOwnerAndMode(status, other) || !(isTouched || sameTime(status, other))) return false;
    return sameXattrs(keptXattrs(this.#calls, open, path), keptXattrs(this.#calls, lower, path));
  }

  /** Whether a file was copied up and then not changed. */
  #isLowerFile(open: number, status: FileStatus, lower: LowerEntry, name: string, path: string): boolean {
    const other = lower.status;
    // Several names of one file are a change in themselves: below they may be one file each, or others.
    if (status.links > 1 || status.size !== other.size) return false;
    if (!sameOwnerAndMode(status, other) || !sameTime(status, other)) return false;
    const below = openFile(this.#calls, lower.directory, name, path, other);
    try {
      if (!sameXattrs(keptXattrs(this.#calls, open, path), keptXattrs(this.#calls, below, path))) return false;
      return firstDifference(open, below, path) === undefined;
    } finally {
      this.#calls.close(below);
    }
  }

  #isLowerLink(directory: number, name: string, status: FileStatus, lowers: LowerDirectories): boolean {
    const lower = lowerEntry(this.#calls, lowers, name);
    if (lower === undefined || status.links > 1) return false;
    if (!sameOwnerAndMode(status, lower.status) || !sameTime(status, lower.status)) return false;
    return this.#calls.readlinkat(directory, name) === this.#calls.readlinkat(lower.directory, name);
  }

  #look(directory: number, name: string, path: string): FileStatus {
    const status = this.#calls.lstatat(directory, name);
    if (typeof status === 'number') throw failed(path, 'look at an entry', status);
    return status;
  }

  #remove(directory: number, name: string, path: string, flags: number): false {
    must(this.#calls.unlinkat(directory, name, flags), path, 'remove an entry');
    return false;
  }

  #sealedTime({ seconds }: FileStatus): number {
    return Math.min(seconds, this.#options.epoch);
  }

  #setOpenTime(open: number, status: FileStatus, path: string): void {
    must(this.#calls.futimens(open, this.#sealedTime(status), 0), path, 'set the time');
  }

  #setTime(directory: number, name: string, path: string, status: FileStatus): true {
    must(this.#calls.lutimensat(directory, name, this.#sealedTime(status), 0), path, 'set the time');
    return true;
  }
}
