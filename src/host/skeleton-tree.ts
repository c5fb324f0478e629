import {
  accessSync,
  constants,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { latin1FsPath, toLatin1 } from '../linux/paths.ts';
import { copyRegularFile } from './copy-file.ts';
import { errorCode } from './error.ts';
import type { Ground, GroundEntry } from './ground.ts';
import type { Owner } from './stamp.ts';

/** Where distributions put software: their whole trees get a skeleton. */
const SYSTEM = new Set(['/usr', '/etc', '/var', '/opt', '/srv', '/boot', '/bin', '/sbin', '/lib', '/lib32', '/lib64']);
/** A bound for trees without one (a farm of packages under /opt): some seconds, some 100 MB of directories on ext4. */
const MOST_SYSTEM_DIRECTORIES = 100_000;
/** Other trees of the root (/data, /nix, /work) may be anything, and nothing tells when they change deep inside. */
const MOST_OTHER_DIRECTORIES = 2_000;
/** Together, and each: certificates and configuration are far below, hardware databases above. */
const MOST_COPIED_BYTES = 32 * 1024 * 1024;
const MOST_FILE_BYTES = 8 * 1024 * 1024;

const PROGRESS_STEP = 500;

/** What was built so far. */
export interface SkeletonSize {
  readonly directories: number;
  readonly files: number;
  /** Bytes of the copied files. */
  readonly bytes: number;
}

function systemTree(path: string): boolean {
  const end = path.indexOf('/', 1);
  return SYSTEM.has(end === -1 ? path : path.slice(0, end));
}

function searchable(path: string): boolean {
  try {
    accessSync(latin1FsPath(path), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Builds one skeleton below `target`. Paths are of Latin-1 characters (paths.ts). */
class TreeBuilder {
  directories = 0;
  files = 0;
  bytes = 0;
  private readonly target: string;
  private readonly owner: Owner;
  private readonly onProgress: (size: SkeletonSize) => void;

  constructor(target: string, owner: Owner, onProgress: (size: SkeletonSize) => void) {
    this.target = target;
    this.owner = owner;
    this.onProgress = onProgress;
  }

  entry(entry: GroundEntry): void {
    const path = toLatin1(entry.path);
    switch (entry.kind) {
      case 'symlink':
        this.symlink(path, toLatin1(entry.target));
        break;
      case 'overlay':
        this.tree(path, systemTree(path) ? MOST_SYSTEM_DIRECTORIES : MOST_OTHER_DIRECTORIES, false);
        break;
      case 'directory':
      case 'bind':
        this.place(path);
        break;
      case 'fresh':
        this.freshPlace(path);
        break;
      case 'file':
        writeFileSync(latin1FsPath(this.target + path), '', { flag: 'wx', mode: 0o644 });
        break;
      case 'copy':
        this.copy(path);
        break;
    }
  }

  private make(path: string, mode: number): boolean {
    try {
      mkdirSync(latin1FsPath(this.target + path), { mode });
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
    this.directories += 1;
    if (this.directories % PROGRESS_STEP === 0) this.onProgress(this);
    return true;
  }

  /** A directory to mount on or to be empty, with the mode the host's has. */
  private place(path: string): void {
    this.make(path, this.hostMode(path));
  }

  private hostMode(path: string): number {
    try {
      return (lstatSync(latin1FsPath(path)).mode & 0o777) | 0o700;
    } catch {
      return 0o755;
    }
  }

  /** /run and /tmp, and /var/tmp where it is inside of an overlay's tree. */
  private freshPlace(path: string): void {
    const parents = path.split('/').slice(1, -1);
    let parent = '';
    for (const name of parents) {
      parent += `/${name}`;
      this.place(parent);
    }
    this.place(path);
  }

  private symlink(path: string, target: string): void {
    try {
      symlinkSync(Buffer.from(target, 'latin1'), latin1FsPath(this.target + path));
    } catch (error) {
      // ENOENT, ENOTDIR: a link below a fresh directory (/run) that the plan makes itself.
      if (!['EEXIST', 'ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
    }
  }

  private copy(path: string): void {
    let directory = false;
    try {
      directory = lstatSync(latin1FsPath(path)).isDirectory();
    } catch {
      return; // gone since it was listed
    }
    if (directory) this.tree(path, MOST_SYSTEM_DIRECTORIES, true);
    else this.file(path);
  }

  /**
   * The directories of a tree, breadth first, so that a bound cuts off what is deepest. Symbolic links are not
   * followed. `whole`: what the user owns as well, because no lower layer shows it.
   */
  private tree(root: string, most: number, whole: boolean): void {
    const inEtc = root === '/etc' || root.startsWith('/etc/');
    const queue = [root];
    for (let next = 0; next < queue.length && next < most; next++) {
      const path = queue[next] ?? root;
      const entries = this.directory(path, path === root || whole);
      for (const entry of entries) {
        const child = `${path}/${entry.name}`;
        if (entry.isDirectory()) queue.push(child);
        else if (inEtc) this.etcEntry(child, entry);
      }
    }
  }

  /** Makes the directory of this path and gives what the host has in it; nothing where there is nothing to be made. */
  private directory(path: string, always: boolean): Dirent[] {
    let mode = 0o755;
    let entries: Dirent[] = [];
    try {
      const stat = lstatSync(latin1FsPath(path));
      // The user's own can be copied up by the kernel; what root put below it is left as it is on the host.
      const own = stat.uid === this.owner.uid && stat.gid === this.owner.gid;
      if (!stat.isDirectory() || (own && !always)) return [];
      mode = (stat.mode & 0o777) | 0o700;
      entries = readdirSync(latin1FsPath(path), { withFileTypes: true, encoding: 'latin1' });
    } catch (error) {
      // With no right to search it the lower directory refuses every lookup: a place in the skeleton would not help.
      if (!always && (errorCode(error) !== 'EACCES' || !searchable(path))) return [];
    }
    this.make(path, mode);
    return entries;
  }

  private etcEntry(path: string, entry: Dirent): void {
    if (entry.isFile()) this.file(path);
    else if (entry.isSymbolicLink()) {
      try {
        this.symlink(path, readlinkSync(latin1FsPath(path), 'latin1'));
      } catch (error) {
        if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT') throw error;
      }
    }
  }

  private file(path: string): void {
    const most = Math.min(MOST_FILE_BYTES, MOST_COPIED_BYTES - this.bytes);
    const size = copyRegularFile(path, this.target + path, most);
    if (size === undefined) return;
    this.files += 1;
    this.bytes += size;
  }
}

/**
 * Fills the directory `target` with a skeleton for a ground: for each overlay the host's directories, empty and owned
 * by the caller; the readable files and links of /etc; a place for everything else to be mounted on. `onProgress` is
 * called every 500 directories. Gives what was built. Throws what the system calls on the target do; what the host
 * refuses to show is left out.
 *
 * Modes are the host's, with the owner allowed everything and without set-user-id, set-group-id and sticky bits.
 */
export function buildSkeletonTree(
  target: string,
  ground: Ground,
  owner: Owner,
  onProgress: (size: SkeletonSize) => void,
): SkeletonSize {
  const builder = new TreeBuilder(toLatin1(target), owner, onProgress);
  const umask = process.umask(0);
  try {
    for (const entry of ground.entries) builder.entry(entry);
  } finally {
    process.umask(umask);
  }
  return { directories: builder.directories, files: builder.files, bytes: builder.bytes };
}
