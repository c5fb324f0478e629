import { closeSync, openSync } from 'node:fs';
import { hostArch } from '../../linux/arch.ts';
import { FILE_TYPE, OPEN, RESOLVE } from '../../linux/constants/open.ts';
import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { isDirectory, isWhiteout, markOpaque } from '../../linux/overlay-form.ts';
import { fsPath } from '../../linux/paths.ts';
import { printableName } from './printable-name.ts';
import { copyMetadata, copyUp } from './tree/copy-up.ts';
import { Directories } from './tree/directories.ts';
import { failed, must, refused } from './tree/failure.ts';
import { LayerTree, LowerTrees } from './tree/lower-trees.ts';
import type { Owners } from './tree/metadata.ts';
import type { PendingLink, Reliance } from './tree/reliance.ts';
import { namesIn } from './tree/remove-tree.ts';
import { baseOf, parentOf } from './tree/unsafe-path.ts';

const FLAGS = OPEN[hostArch()];
const DIRECTORY = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const CONFINED = RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS;

export interface SettleOptions {
  readonly calls: FileCalls;
  readonly owners: Owners;
}

/**
 * Completes a tree by what lies below it; `lower` from the uppermost down. Directories without an entry of their own get
 * owner, mode, attributes and time of what they cover, as containerd's `mkparent` does; without one they stay as they are.
 * A hard link to a file of a lower layer gets that file copied up first, as overlayfs does on link(2). An opaque root, which
 * overlayfs does not have, becomes a whiteout of everything. Gives whether anything was changed. Throws an ImageError.
 */
export function settleLayer(
  target: string,
  lower: readonly string[],
  reliance: Reliance,
  options: SettleOptions,
): boolean {
  const root = openSync(fsPath(target), DIRECTORY);
  // An opaque root shows nothing of them.
  const trees = new LowerTrees(options.calls, reliance.opaqueRoot ? [] : lower);
  const settlement = new Settlement(root, trees, options);
  try {
    for (const link of reliance.links) settlement.link(link);
    for (const real of reliance.implied) settlement.imply(real);
    if (reliance.opaqueRoot) settlement.hideAll(lower);
    settlement.complete(reliance.rootImplied);
    return settlement.changed;
  } finally {
    settlement.dispose();
    trees.close();
    closeSync(root);
  }
}

class Settlement {
  changed = false;
  readonly #calls: FileCalls;
  readonly #owners: Owners;
  readonly #root: number;
  readonly #own: LayerTree;
  readonly #trees: LowerTrees;
  readonly #directories: Directories;
  readonly #implied = new Set<string>();
  /** Directories that something was put into: their time is to be what it was. */
  readonly #before = new Map<string, FileStatus>();

  constructor(root: number, trees: LowerTrees, { calls, owners }: SettleOptions) {
    this.#calls = calls;
    this.#owners = owners;
    this.#root = root;
    this.#own = new LayerTree(calls, root);
    this.#trees = trees;
    this.#directories = new Directories(calls, root, {
      implied: ({ real }) => {
        this.#remember(parentOf(real));
        this.#implied.add(real);
      },
      restored: ({ real }) => {
        throw refused(real, 'a hard link to a file that the same layer deletes');
      },
    });
  }

  imply(real: string): void {
    this.#implied.add(real);
  }

  link({ path, target }: PendingLink): void {
    let own = this.#own.ask(target);
    if (own.kind === 'silent') {
      const found = this.#trees.find(target);
      if (found !== undefined && !isDirectory(found.status)) {
        // What is made above it did not exist here, and comes from below too.
        this.#remember(parentOf(target));
        const { descriptor } = this.#directories.make(parentOf(target));
        copyUp(this.#calls, found, target, descriptor, this.#owners);
        own = { kind: 'found', status: found.status };
      }
    }
    if (own.kind !== 'found' || isDirectory(own.status))
      throw refused(path, `a hard link to ${printableName(target)}, which neither this layer nor one below it has`);
    this.#remember(parentOf(path));
    this.#directories.make(parentOf(path));
    const from = this.#directories.make(parentOf(target)).descriptor;
    const to = this.#directories.make(parentOf(path)).descriptor;
    must(this.#calls.linkat(from, baseOf(target), to, baseOf(path)), path, 'link it');
    this.changed = true;
  }

  /** Whiteouts of whatever lower layers have and this one has not. */
  hideAll(lower: readonly string[]): void {
    const trees = new LowerTrees(this.#calls, lower);
    try {
      for (const name of new Set(trees.trees.flatMap(({ root }) => namesIn(root)))) this.#hide(name);
    } finally {
      trees.close();
    }
  }

  /** Metadata last: what was made in a directory has changed its time. */
  complete(rootImplied: boolean): void {
    const [uppermost] = this.#trees.trees;
    if (rootImplied && uppermost !== undefined) {
      this.#before.delete('');
      copyMetadata(this.#calls, uppermost.root, this.#root, '.', this.#owners);
      this.changed = true;
    }
    for (const real of this.#implied) {
      this.#before.delete(real);
      const found = this.#own.hides(parentOf(real)) ? undefined : this.#trees.findDirectory(real);
      if (found === undefined) continue;
      this.#withDirectory(found.root, real, (from) =>
        this.#withDirectory(this.#root, real, (to) => copyMetadata(this.#calls, from, to, real, this.#owners)),
      );
      this.changed = true;
    }
    for (const [real, { seconds, nanoseconds }] of this.#before) {
      this.#withDirectory(this.#root, real, (descriptor) =>
        must(this.#calls.futimens(descriptor, seconds, nanoseconds), real, 'set its time'),
      );
    }
  }

  dispose(): void {
    this.#directories.forget();
  }

  #hide(name: string): void {
    const status = this.#calls.lstatat(this.#root, name);
    if (typeof status === 'number') {
      this.#remember('');
      must(this.#calls.mknodat(this.#root, name, FILE_TYPE.S_IFCHR), name, 'make a whiteout');
      this.changed = true;
    } else if (isDirectory(status) && !isWhiteout(status)) {
      this.#withDirectory(this.#root, name, (descriptor) => {
        must(markOpaque(this.#calls, descriptor), name, 'mark it as opaque');
      });
      this.changed = true;
    }
  }

  #remember(real: string): void {
    if (this.#before.has(real)) return;
    const descriptor = real === '' ? this.#root : this.#calls.openat2(this.#root, real, DIRECTORY, CONFINED);
    // One that is not there yet becomes an implied one.
    if (descriptor < 0) return;
    const status = this.#calls.lstatat(descriptor, '');
    if (real !== '') this.#calls.close(descriptor);
    if (typeof status !== 'number') this.#before.set(real, status);
  }

  #withDirectory(root: number, real: string, use: (descriptor: number) => void): void {
    if (real === '') {
      use(root);
      return;
    }
    const descriptor = this.#calls.openat2(root, real, DIRECTORY, CONFINED);
    if (descriptor < 0) throw failed(real, 'open it', descriptor);
    try {
      use(descriptor);
    } finally {
      this.#calls.close(descriptor);
    }
  }
}
