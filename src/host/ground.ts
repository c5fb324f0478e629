import { lowerProblem } from './lower.ts';

/** One entry of a directory of the host, with what the ground has to know of it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type:
    | { readonly kind: 'directory' }
    | { readonly kind: 'symlink'; readonly target: string }
    | { readonly kind: 'file' }
    /** A device, a FIFO, a socket. */
    | { readonly kind: 'other' };
}

/**
 * One step of making the root of the `host` image. The entries are in order: what lies below comes after.
 *
 * The skeleton (skeleton.ts) holds a place for each of them, at the same path: the symlinks, the copies, and an empty
 * directory or file to mount on.
 */
export type GroundEntry =
  /** A symbolic link. Already in the skeleton, unless it lies below a `fresh` directory. */
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** An overlay with the skeleton's directory above and the host's directory of this path below. */
  | { readonly kind: 'overlay'; readonly path: string }
  /** A directory with only what the skeleton has there: mounts of the host lie below it, or it cannot be a lower. */
  | { readonly kind: 'directory'; readonly path: string }
  /** A directory that the plan mounts something new on (/proc, /tmp), or leaves empty (the home). */
  | { readonly kind: 'fresh'; readonly path: string }
  /** A file of the host, bound read-only. */
  | { readonly kind: 'file'; readonly path: string }
  /** A directory of the host with what is mounted below it, bound recursively and read-only. */
  | { readonly kind: 'bind'; readonly path: string }
  /** A file or a whole directory of /etc that is copied into the skeleton: nothing to be mounted. */
  | { readonly kind: 'copy'; readonly path: string };

/** A place of the host that a sandbox does not show, and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

export interface Ground {
  readonly entries: readonly GroundEntry[];
  readonly leftOut: readonly LeftOut[];
}

export interface GroundInput {
  readonly mounts: ReadonlyArray<{ readonly mountPoint: string; readonly fsType: string }>;
  /** The user's home and the store, without symbolic links on the way. */
  readonly home: string;
  readonly store: string;
  /** Lists a directory; undefined where it cannot be read. */
  readonly readDirectory: (path: string) => readonly DirectoryEntry[] | undefined;
  /** Whether the user may list and search a directory. */
  readonly accessible: (path: string) => boolean;
}

/** Made anew in every sandbox; nothing of the host's is shown. */
const FRESH = ['/proc', '/sys', '/dev', '/run', '/tmp', '/var/tmp', '/home', '/root'];
/** Where people mount disks of their own: never shown unless asked for by a volume. */
const PERSONAL_MOUNTS = ['/mnt', '/media'];
/** Trees of read-only images, dozens of mounts on some hosts, where writing makes no sense. */
const IMAGE_TREES = ['/snap', '/var/lib/snapd/snap'];
/**
 * From so many plain files on, a directory with a mount below is bound read-only as a whole. Container runtimes mount
 * single files (graphics drivers) into /usr/bin and /usr/lib, and 2,000 binds would take longer than the command.
 */
const MOST_FILES = 64;

function isBelow(path: string, directory: string): boolean {
  return directory === '/' ? path !== '/' : path.startsWith(directory) && path[directory.length] === '/';
}

function joined(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

class GroundBuilder {
  readonly entries: GroundEntry[] = [];
  readonly leftOut: LeftOut[] = [];
  private readonly input: GroundInput;
  private readonly mounts: ReadonlyMap<string, string>;
  private readonly fresh: Set<string>;
  /** Every directory that has a mount, the store, or a fresh directory with mounts strictly below it. */
  private readonly split = new Set<string>();

  constructor(input: GroundInput, freshPaths: Iterable<string>) {
    this.input = input;
    this.fresh = new Set(freshPaths);
    // Where mounts are stacked, the last one of the list is on top.
    this.mounts = new Map(input.mounts.map((mount) => [mount.mountPoint, mount.fsType]));
    for (const mountPoint of this.mounts.keys()) this.markAbove(mountPoint);
    // The skeleton lies in the store: a lower layer inside another lower layer is refused (ELOOP, ovl_check_layer).
    this.markAbove(input.store);
  }

  private markAbove(path: string): void {
    let end = path.lastIndexOf('/');
    while (end > 0) {
      this.split.add(path.slice(0, end));
      end = path.lastIndexOf('/', end - 1);
    }
  }

  private leave(path: string, reason: string): void {
    this.leftOut.push({ path, reason });
  }

  directory(path: string): void {
    if (this.fresh.has(path)) {
      this.entries.push({ kind: 'fresh', path });
      return;
    }
    if (path === '/lost+found') return;
    if (path === this.input.store) {
      this.leave(path, 'the store of the sandboxes');
      this.entries.push({ kind: 'directory', path });
      return;
    }
    const fsType = this.mounts.get(path);
    const problem = fsType === undefined ? undefined : lowerProblem(fsType);
    if (problem !== undefined) {
      this.leave(path, problem);
      this.entries.push({ kind: 'directory', path });
      return;
    }
    if (!this.split.has(path)) {
      this.entries.push({ kind: this.input.accessible(path) ? 'overlay' : 'directory', path });
      // What is made anew inside an overlay is mounted over what the host has there.
      for (const inside of this.fresh) if (isBelow(inside, path)) this.freshInside(inside);
      return;
    }
    if (PERSONAL_MOUNTS.includes(path)) {
      this.leave(path, 'has mounts of its own; show them with a volume');
      this.entries.push({ kind: 'directory', path });
      return;
    }
    if (IMAGE_TREES.includes(path)) {
      this.entries.push({ kind: 'bind', path });
      return;
    }
    this.splitDirectory(path);
  }

  /** A fresh directory below an overlay is only mounted on when it is there: /var/tmp may be a symlink, or missing. */
  private freshInside(path: string): void {
    const end = path.lastIndexOf('/');
    const name = path.slice(end + 1);
    const found = this.input.readDirectory(path.slice(0, end))?.find((entry) => entry.name === name);
    if (found?.type.kind === 'directory') this.entries.push({ kind: 'fresh', path });
  }

  private splitDirectory(path: string): void {
    const children = this.input.accessible(path) ? this.input.readDirectory(path) : undefined;
    if (children === undefined) {
      this.leave(path, 'has mounts below it and cannot be read');
      this.entries.push({ kind: 'directory', path });
      return;
    }
    const inEtc = path === '/etc' || isBelow(path, '/etc');
    const files = children.filter((child) => child.type.kind === 'file').length;
    if (!inEtc && files > MOST_FILES && !this.mustSplit(path)) {
      this.entries.push({ kind: 'bind', path });
      return;
    }
    this.entries.push({ kind: 'directory', path });
    for (const child of children) this.child(joined(path, child.name), child, inEtc);
  }

  /** A recursive bind must not bring the store or the home in. */
  private mustSplit(path: string): boolean {
    if (isBelow(this.input.store, path)) return true;
    for (const inside of this.fresh) if (isBelow(inside, path)) return true;
    return false;
  }

  private child(path: string, child: DirectoryEntry, inEtc: boolean): void {
    switch (child.type.kind) {
      case 'directory':
        // 70 overlays of nearly nothing would cost more than copying the few megabytes of /etc once.
        if (inEtc && !this.split.has(path) && !this.mounts.has(path)) this.entries.push({ kind: 'copy', path });
        else this.directory(path);
        break;
      case 'symlink':
        this.entries.push({ kind: 'symlink', path, target: child.type.target });
        break;
      case 'file':
        this.entries.push({ kind: inEtc ? 'copy' : 'file', path });
        break;
      case 'other':
        break;
    }
  }

  /** NixOS keeps its programs behind symlinks in /run. */
  nixLinks(): void {
    for (const entry of this.input.readDirectory('/run') ?? []) {
      if (entry.type.kind === 'symlink' && entry.type.target.startsWith('/nix/')) {
        this.entries.push({ kind: 'symlink', path: `/run/${entry.name}`, target: entry.type.target });
      }
    }
  }
}

/** `/home` may be a symlink: /var/home on image-based Fedora, where the other users' homes are to be hidden as well. */
function homeTarget(root: readonly DirectoryEntry[]): string | undefined {
  const link = root.find((entry) => entry.name === 'home');
  if (link?.type.kind !== 'symlink') return undefined;
  const target = link.type.target.replace(/\/+$/, '');
  return target.startsWith('/') ? target : `/${target}`;
}

/**
 * Takes the host's directories and mounts and gives the ground of the `host` image: how each part of the host's system
 * is shown in a sandbox. Pure but for `readDirectory`, which is asked for `/` and the directories around mounts only.
 * Gives undefined when `/` cannot be listed.
 *
 * An overlay over a directory with mounts strictly below it is refused in a user namespace (EINVAL: the host's mounts
 * are locked, clone_private_mount and has_locked_children in fs/namespace.c), a mount's own root is accepted.
 */
export function computeGround(input: GroundInput): Ground | undefined {
  const root = input.readDirectory('/');
  if (root === undefined) return undefined;
  const target = homeTarget(root);
  // A home of `/` (accounts of services) has nothing of its own to hide.
  const fresh = [...FRESH, ...(input.home === '/' ? [] : [input.home]), ...(target === undefined ? [] : [target])];
  // A fresh directory inside a fresh one needs nothing.
  const outer = fresh.filter((path) => !fresh.some((other) => isBelow(path, other)));
  const builder = new GroundBuilder(input, outer);
  for (const entry of root) {
    const path = `/${entry.name}`;
    if (entry.type.kind === 'directory') builder.directory(path);
    else if (entry.type.kind === 'symlink') builder.entries.push({ kind: 'symlink', path, target: entry.type.target });
  }
  if (root.some((entry) => entry.name === 'nix' && entry.type.kind === 'directory')) builder.nixLinks();
  return { entries: builder.entries, leftOut: builder.leftOut };
}
