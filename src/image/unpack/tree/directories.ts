import { hostArch } from '../../../linux/arch.ts';
import { OPEN, RESOLVE } from '../../../linux/constants/open.ts';
import type { FileCalls } from '../../../linux/file-calls.ts';
import { isDirectory, isSymlink, isWhiteout } from '../../../linux/overlay-form.ts';
import { ERRNO, failed, must, refused } from './failure.ts';
import { baseOf, below, LONGEST, parentOf } from './unsafe-path.ts';

const FLAGS = OPEN[hostArch()];
/** For standing in, not for reading: such a descriptor gives nobody anything. */
const STAND = FLAGS.O_PATH | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
/** The kernel itself follows no link of a layer: where one leads is decided here. */
const CONFINED =
  RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS | RESOLVE.RESOLVE_NO_XDEV;
/** Open at most between two entries. */
const KEPT = 128;
/** The kernel's own limit, path_resolution(7). */
const MOST_LINKS = 40;

/** A directory of the tree: where it really is, no link on the way, and a descriptor of it. */
export interface Directory {
  readonly descriptor: number;
  readonly real: string;
}

/** What happens to directories that no entry made. */
export interface DirectoryEvents {
  /** One came into being because something lies below it. */
  implied(directory: Directory): void;
  /** The same where a whiteout was: what is below in lower layers stays hidden. */
  restored(directory: Directory): void;
}

/**
 * Finds the directories of a tree by the paths of a layer's entries. Symbolic links in them mean what they would in a
 * process whose root the tree is: an absolute one starts at the tree's root, and `..` stays there. Nobody else changes
 * the tree meanwhile, and still no call of the kernel is given a path that it could follow a link in.
 */
export class Directories {
  readonly #calls: FileCalls;
  readonly #root: Directory;
  readonly #events: DirectoryEvents;
  /** By where they are, the least recently used first. These own the descriptors. */
  readonly #open = new Map<string, Directory>();
  /** Where paths lead that have links in them. */
  readonly #leads = new Map<string, string>();

  constructor(calls: FileCalls, root: number, events: DirectoryEvents) {
    this.#calls = calls;
    this.#root = { descriptor: root, real: '' };
    this.#events = events;
  }

  /** Gives the directory of a clean path; what is missing is made. Valid until the call after the next. */
  make(path: string): Directory {
    const found = this.#lookUp(path, { make: true, entry: path, links: 0 });
    if (found === undefined) throw refused(path, 'its directory cannot be made');
    this.#trim();
    return found;
  }

  /** The same, but makes nothing: undefined where it is missing. */
  find(path: string): Directory | undefined {
    const found = this.#lookUp(path, { make: false, entry: path, links: 0 });
    this.#trim();
    return found;
  }

  /** Must be called after a directory or a link was removed: paths may mean something else now. */
  forget(): void {
    for (const { descriptor } of this.#open.values()) this.#calls.close(descriptor);
    this.#open.clear();
    this.#leads.clear();
  }

  #lookUp(path: string, walk: Walk): Directory | undefined {
    if (path === '') return this.#root;
    const real = this.#leads.get(path) ?? path;
    const kept = this.#open.get(real);
    if (kept !== undefined) {
      this.#open.delete(real);
      this.#open.set(real, kept);
      return kept;
    }
    const descriptor = this.#calls.openat2(this.#root.descriptor, real, STAND, CONFINED);
    if (descriptor >= 0) return this.#keep({ descriptor, real });
    const elsewhere = descriptor === -ERRNO.ENOENT || descriptor === -ERRNO.ELOOP || descriptor === -ERRNO.ENOTDIR;
    if (!elsewhere) throw failed(walk.entry, 'open its directory', descriptor);
    const parent = this.#lookUp(parentOf(path), walk);
    if (parent === undefined) return undefined;
    const found = this.#step(parent, baseOf(path), walk);
    if (found !== undefined && found.real !== path) this.#leads.set(path, found.real);
    return found;
  }

  /** One name below a directory, whatever it is. */
  #step(from: Directory, name: string, walk: Walk): Directory | undefined {
    const real = below(from.real, name);
    const kept = this.#open.get(real);
    if (kept !== undefined) return kept;
    const descriptor = this.#calls.openat2(from.descriptor, name, STAND, CONFINED);
    if (descriptor >= 0) return this.#keep({ descriptor, real });
    const status = this.#calls.lstatat(from.descriptor, name);
    if (typeof status === 'number') {
      if (status !== -ERRNO.ENOENT) throw failed(walk.entry, 'look for its directory', status);
      return walk.make ? this.#create(from, name, walk) : undefined;
    }
    if (isSymlink(status)) return this.#follow(from, name, walk);
    if (isDirectory(status)) throw failed(walk.entry, 'open its directory', descriptor);
    if (!walk.make) return undefined;
    if (!isWhiteout(status)) throw refused(walk.entry, 'what it lies in is no directory');
    must(this.#calls.unlinkat(from.descriptor, name, 0), walk.entry, 'remove a whiteout');
    const made = this.#create(from, name, walk);
    this.#events.restored(made);
    return made;
  }

  #create(from: Directory, name: string, { entry }: Walk): Directory {
    const real = below(from.real, name);
    if (real.length > LONGEST) throw refused(entry, 'its symbolic links lead to a path that is too long');
    must(this.#calls.mkdirat(from.descriptor, name, 0o755), entry, 'make its directory');
    const descriptor = must(this.#calls.openat2(from.descriptor, name, STAND, CONFINED), entry, 'open its directory');
    const made = this.#keep({ descriptor, real });
    this.#events.implied(made);
    return made;
  }

  #follow(from: Directory, name: string, walk: Walk): Directory | undefined {
    walk.links += 1;
    if (walk.links > MOST_LINKS) throw refused(walk.entry, 'its path has too many symbolic links');
    const target = this.#calls.readlinkat(from.descriptor, name);
    if (typeof target === 'number') throw failed(walk.entry, 'read a symbolic link', target);
    let at: Directory | undefined = target.startsWith('/') ? this.#root : from;
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      at = part === '..' ? this.#lookUp(parentOf(at.real), walk) : this.#step(at, part, walk);
      if (at === undefined) return undefined;
    }
    return at;
  }

  #keep(directory: Directory): Directory {
    this.#open.set(directory.real, directory);
    return directory;
  }

  /** The two newest are what the last two calls gave. */
  #trim(): void {
    if (this.#leads.size > KEPT) this.#leads.clear();
    for (const [real, { descriptor }] of this.#open) {
      if (this.#open.size <= KEPT) break;
      this.#open.delete(real);
      this.#calls.close(descriptor);
    }
  }
}

/** One search: for which entry, whether it makes what is missing, and how many links it has followed. */
interface Walk {
  readonly entry: string;
  readonly make: boolean;
  links: number;
}
