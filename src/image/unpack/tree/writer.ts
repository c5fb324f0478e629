import { writeSync } from 'node:fs';
import { hostArch } from '../../../linux/arch.ts';
import { FILE_TYPE, OPEN } from '../../../linux/constants/open.ts';
import { fromNodeError } from '../../../linux/errno.ts';
import type { FileCalls, FileStatus } from '../../../linux/file-calls.ts';
import { isDirectory, isSymlink, isWhiteout, markOpaque } from '../../../linux/overlay-form.ts';
import type { TarEntry } from '../tar/entry.ts';
import type { TarHandler } from '../tar/reader.ts';
import { Directories } from './directories.ts';
import { DirectoryTimes } from './directory-times.ts';
import { dressName, dressOpen, own, SPECIAL } from './dress.ts';
import { ERRNO, failed, must, refused } from './failure.ts';
import { dropXattrs, type Owners, setXattrs } from './metadata.ts';
import type { PendingLink, Reliance } from './reliance.ts';
import { removeTree } from './remove-tree.ts';
import { baseOf, below, cleanPath, meaningOf, parentOf } from './unsafe-path.ts';

const FLAGS = OPEN[hostArch()];
const CREATE = FLAGS.O_WRONLY | FLAGS.O_CREAT | FLAGS.O_EXCL | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const READ_DIRECTORY = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const PERMISSIONS = 0o777;

export interface WriterOptions {
  readonly owners: Owners;
  /** Entries of one layer. */
  readonly mostEntries: number;
}

/**
 * Writes the entries of one layer below one directory, in the form in which overlayfs reads layers: whiteouts are character
 * devices 0:0, opaque directories are marked by an attribute; OCI image spec, layer.md, and overlayfs.rst.
 *
 * The layer is hostile. What keeps it in its place: every name is cleaned (unsafe-path.ts), every directory is found without
 * the kernel following a link (directories.ts), everything is made new, by a name below a descriptor of its directory
 * (O_EXCL, mkdirat, symlinkat…), and then changed by its own descriptor or without following. A later entry of the same
 * name replaces the earlier one; only a directory and a directory become one. A device becomes an empty file of mode 0.
 */
export class TreeWriter implements TarHandler {
  readonly #calls: FileCalls;
  readonly #root: number;
  readonly #options: WriterOptions;
  readonly #directories: Directories;
  readonly #times = new DirectoryTimes();
  readonly #implied = new Set<string>();
  #links: PendingLink[] = [];
  #opaqueRoot = false;
  #rootImplied = true;
  #entries = 0;
  /** The file whose data is coming. */
  #file: { readonly descriptor: number; readonly entry: TarEntry } | undefined;

  /** `root` is a descriptor of the tree's directory, empty, and stays the caller's. The umask must be 0. */
  constructor(calls: FileCalls, root: number, options: WriterOptions) {
    this.#calls = calls;
    this.#root = root;
    this.#options = options;
    this.#directories = new Directories(calls, root, {
      implied: ({ real }) => {
        this.#implied.add(real);
        this.#times.set(real, { seconds: 0, nanoseconds: 0, mode: undefined });
      },
      restored: ({ real }) => {
        // The lower layers' directory was deleted by this layer: this one takes nothing from it.
        this.#implied.delete(real);
        this.#markOpaque(real);
      },
    });
  }

  get entries(): number {
    return this.#entries;
  }

  entry(entry: TarEntry): void {
    this.#entries += 1;
    const { mostEntries } = this.#options;
    if (this.#entries > mostEntries) throw refused(entry.name, `the layer has more than ${mostEntries} entries`);
    const path = cleanPath(entry.name);
    if (path === '') {
      this.#writeRoot(entry);
      return;
    }
    const meaning = meaningOf(path);
    switch (meaning.kind) {
      case 'nothing':
        return;
      case 'whiteout':
        this.#whiteOut(parentOf(path), meaning.name, path);
        return;
      case 'opaque': {
        const { real } = this.#directories.make(parentOf(path));
        if (real === '') this.#opaqueRoot = true;
        else this.#markOpaque(real);
        return;
      }
      case 'entry':
        this.#write(entry, path);
    }
  }

  data(chunk: Buffer, start: number, end: number, position: number): void {
    if (this.#file === undefined) return;
    const { descriptor, entry } = this.#file;
    const sparse = entry.extents !== undefined;
    try {
      for (let at = start; at < end; )
        at += writeSync(descriptor, chunk, at, end - at, sparse ? position + (at - start) : null);
    } catch (error) {
      throw failed(entry.name, 'write it', -fromNodeError(error).errno);
    }
  }

  finish(): void {
    if (this.#file === undefined) return;
    const { descriptor, entry } = this.#file;
    if (entry.extents !== undefined)
      must(this.#calls.ftruncate(descriptor, entry.size), entry.name, `make it ${entry.size} bytes long`);
    dressOpen(this.#calls, descriptor, entry, this.#options.owners);
    this.close();
  }

  /** Closes what is open of a file; for the end, and where it was cut off. */
  close(): void {
    if (this.#file !== undefined) this.#calls.close(this.#file.descriptor);
    this.#file = undefined;
  }

  /** What can only be done at the end: late hard links, and the times of directories. Gives what is still missing. */
  complete(): Reliance {
    const waiting = this.#links;
    this.#links = [];
    for (const { path, target } of waiting) {
      const { descriptor } = this.#directories.make(parentOf(path));
      // An entry of this name that came later is what counts.
      const later = this.#calls.lstatat(descriptor, baseOf(path));
      if (typeof later === 'number' || isWhiteout(later)) this.#link(path, target);
    }
    if (this.#rootImplied) this.#times.set('', { seconds: 0, nanoseconds: 0, mode: undefined });
    this.#times.apply(this.#calls, this.#root);
    const implied = [...this.#implied].filter((real) => this.#directories.find(real)?.real === real);
    return { implied, links: this.#links, opaqueRoot: this.#opaqueRoot, rootImplied: this.#rootImplied };
  }

  /** Gives back every descriptor. */
  dispose(): void {
    this.close();
    this.#directories.forget();
  }

  #write(entry: TarEntry, path: string): void {
    const base = baseOf(path);
    const { descriptor: directory } = this.#directories.make(parentOf(path));
    switch (entry.type) {
      case 'file': {
        const open = (at: number) => this.#calls.openat(at, base, CREATE, entry.mode & PERMISSIONS);
        this.#file = { descriptor: this.#makeNew(path, directory, open), entry };
        break;
      }
      case 'directory':
        this.#writeDirectory(entry, path, directory);
        break;
      case 'hardlink':
        this.#link(path, cleanPath(entry.linkName));
        break;
      case 'symlink':
        if (entry.linkName === '') throw refused(path, 'a symbolic link to nothing');
        this.#makeNew(path, directory, (at) => this.#calls.symlinkat(entry.linkName, at, base));
        dressName(this.#calls, this.#directories.make(parentOf(path)).descriptor, base, entry, this.#options.owners);
        break;
      case 'fifo':
        this.#makeNew(path, directory, (at) =>
          this.#calls.mknodat(at, base, FILE_TYPE.S_IFIFO | (entry.mode & PERMISSIONS)),
        );
        dressName(this.#calls, this.#directories.make(parentOf(path)).descriptor, base, entry, this.#options.owners);
        break;
      case 'character':
      case 'block':
        // No user namespace may make one, but 0:0, which would be a whiteout.
        this.#file = {
          descriptor: this.#makeNew(path, directory, (at) => this.#calls.openat(at, base, CREATE, 0)),
          entry: { ...entry, mode: 0 },
        };
        break;
    }
  }

  /** Makes something new by `make`; what has the name is removed first. Gives what `make` gave. */
  #makeNew(path: string, directory: number, make: (directory: number) => number): number {
    const result = make(directory);
    if (result !== -ERRNO.EEXIST) return must(result, path, 'create it');
    return must(make(this.#clear(path).directory), path, 'create it');
  }

  /** Removes what has a name; gives its directory anew, and what it was. */
  #clear(path: string): { directory: number; was: FileStatus | undefined } {
    const parent = this.#directories.make(parentOf(path));
    const name = baseOf(path);
    const was = this.#calls.lstatat(parent.descriptor, name);
    if (typeof was === 'number') return { directory: parent.descriptor, was: undefined };
    if (isDirectory(was)) removeTree(this.#calls, parent.descriptor, name);
    else must(this.#calls.unlinkat(parent.descriptor, name, 0), path, 'remove what was there');
    if (!isDirectory(was) && !isSymlink(was)) return { directory: parent.descriptor, was };
    // What was known of paths through it is no longer true.
    this.#directories.forget();
    return { directory: this.#directories.make(parentOf(path)).descriptor, was };
  }

  #writeDirectory(entry: TarEntry, path: string, directory: number): void {
    const name = baseOf(path);
    let result = this.#calls.mkdirat(directory, name, entry.mode & PERMISSIONS);
    const existed = result === -ERRNO.EEXIST;
    let replaces = false;
    if (existed) {
      const status = this.#calls.lstatat(directory, name);
      if (typeof status === 'number') throw failed(path, 'look at what is there', status);
      replaces = !isDirectory(status);
      if (replaces) result = this.#calls.mkdirat(this.#clear(path).directory, name, entry.mode & PERMISSIONS);
    }
    if (!existed || replaces) must(result, path, 'create it');
    const { descriptor: parent, real: parentReal } = this.#directories.make(parentOf(path));
    const real = below(parentReal, name);
    this.#implied.delete(real);
    // What an earlier entry of this layer, or its whiteout, has hidden stays hidden.
    if (replaces) this.#markOpaque(real);
    const keep = existed && !replaces;
    const special = keep || (entry.mode & SPECIAL) !== 0;
    if (keep || entry.xattrs.length > 0) {
      const descriptor = must(this.#calls.openat(parent, name, READ_DIRECTORY, 0), path, 'open it');
      try {
        if (keep) dropXattrs(this.#calls, descriptor, path);
        own(this.#options.owners, entry, keep, (uid, gid) => this.#calls.fchown(descriptor, uid, gid));
        setXattrs(this.#calls, descriptor, entry.xattrs, entry.name);
      } finally {
        this.#calls.close(descriptor);
      }
    } else own(this.#options.owners, entry, false, (uid, gid) => this.#calls.lchownat(parent, name, uid, gid));
    const { seconds, nanoseconds } = entry;
    this.#times.set(real, { seconds, nanoseconds, mode: special ? entry.mode : undefined });
  }

  #writeRoot(entry: TarEntry): void {
    // CVE-2021-29136: an unpacker that put a symbolic link in the root's place wrote all other entries to where it led.
    if (entry.type !== 'directory') throw refused(entry.name, `the root directory cannot be a ${entry.type}`);
    this.#rootImplied = false;
    dropXattrs(this.#calls, this.#root, entry.name);
    own(this.#options.owners, entry, true, (uid, gid) => this.#calls.fchown(this.#root, uid, gid));
    setXattrs(this.#calls, this.#root, entry.xattrs, entry.name);
    this.#times.set('', { seconds: entry.seconds, nanoseconds: entry.nanoseconds, mode: entry.mode });
  }

  /** linkat(2), which links a symbolic link itself, and cannot reach out of the tree: both names are below descriptors. */
  #link(path: string, target: string): void {
    if (target === '') throw refused(path, 'a hard link to the root directory');
    const from = this.#directories.find(parentOf(target));
    const status = from === undefined ? undefined : this.#calls.lstatat(from.descriptor, baseOf(target));
    const to = this.#directories.make(parentOf(path)).descriptor;
    const missing = from === undefined || status === undefined || status === -ERRNO.ENOENT || status === -ERRNO.ENOTDIR;
    if (missing || (typeof status === 'object' && isWhiteout(status))) {
      // Perhaps it comes later, perhaps it lies in a layer below.
      if (typeof this.#calls.lstatat(to, baseOf(path)) !== 'number') this.#clear(path);
      this.#links.push({ path, target });
      return;
    }
    if (typeof status === 'number') throw failed(path, 'look at what it links to', status);
    if (isDirectory(status)) throw refused(path, 'a hard link to a directory');
    const result = this.#calls.linkat(from.descriptor, baseOf(target), to, baseOf(path));
    if (result !== -ERRNO.EEXIST) {
      must(result, path, 'link it');
      return;
    }
    const existing = this.#calls.lstatat(to, baseOf(path));
    if (typeof existing === 'object' && existing.inode === status.inode) return;
    this.#clear(path);
    this.#link(path, target);
  }

  #whiteOut(parent: string, name: string, path: string): void {
    const { descriptor, real } = this.#directories.make(parent);
    const result = this.#calls.mknodat(descriptor, name, FILE_TYPE.S_IFCHR);
    if (result !== -ERRNO.EEXIST) {
      must(result, path, 'make a whiteout');
      return;
    }
    // A whiteout is about lower layers, and what this one has of the name stays; but nothing of them shines through.
    const status = this.#calls.lstatat(descriptor, name);
    if (typeof status === 'number' || !isDirectory(status)) return;
    this.#implied.delete(below(real, name));
    this.#markOpaque(below(real, name));
  }

  #markOpaque(real: string): void {
    const directory = this.#directories.make(parentOf(real));
    const descriptor = must(this.#calls.openat(directory.descriptor, baseOf(real), READ_DIRECTORY, 0), real, 'open it');
    try {
      must(markOpaque(this.#calls, descriptor), real, 'mark it as opaque');
    } finally {
      this.#calls.close(descriptor);
    }
  }
}
