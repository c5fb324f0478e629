import { closeSync, openSync } from 'node:fs';
import { hostArch } from '../../../linux/arch.ts';
import { OPEN, RESOLVE } from '../../../linux/constants/open.ts';
import type { FileCalls, FileStatus } from '../../../linux/file-calls.ts';
import { isDirectory, isOpaque, isWhiteout } from '../../../linux/overlay-form.ts';
import { fsPath } from '../../../linux/paths.ts';
import { ERRNO, failed } from './failure.ts';
import { parentOf } from './unsafe-path.ts';

const FLAGS = OPEN[hostArch()];
const DIRECTORY = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const ANY = FLAGS.O_PATH | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const CONFINED = RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS;

/** What a path means below: where it lies, and what it is. `root` is a descriptor of the layer's tree. */
export interface Found {
  readonly root: number;
  readonly status: FileStatus;
}

/** What one tree says of a path. `silent`: nothing, so that the next one below is asked. */
type Answer = { readonly kind: 'found'; readonly status: FileStatus } | { readonly kind: 'hidden' | 'silent' };

/** One tree in overlayfs's form, as it is: what it changes after the first question need not show. */
export class LayerTree {
  readonly root: number;
  readonly #calls: FileCalls;
  /** Whether directories hide what lower trees have in them: what was found of their parents holds for all below. */
  readonly #hidden = new Map<string, boolean>([['', false]]);

  /** `root` is a descriptor of the tree's directory, and stays the caller's. */
  constructor(calls: FileCalls, root: number) {
    this.#calls = calls;
    this.root = root;
  }

  /** Asks about a path; no link in it is followed, since layers name files by where they are. */
  ask(path: string): Answer {
    const descriptor = this.#calls.openat2(this.root, path, ANY, CONFINED);
    if (descriptor >= 0) {
      const status = this.#calls.lstatat(descriptor, '');
      this.#calls.close(descriptor);
      if (typeof status === 'number') throw failed(path, 'look at it in a layer', status);
      return isWhiteout(status) ? { kind: 'hidden' } : { kind: 'found', status };
    }
    if (descriptor === -ERRNO.ENOTDIR || descriptor === -ERRNO.ELOOP) return { kind: 'hidden' };
    if (descriptor !== -ERRNO.ENOENT) throw failed(path, 'look for it in a layer', descriptor);
    return { kind: this.hides(parentOf(path)) ? 'hidden' : 'silent' };
  }

  /** Whether it hides what lower trees have below a directory: by its own mark, or by one above it. */
  hides(directory: string): boolean {
    const known = this.#hidden.get(directory);
    if (known !== undefined) return known;
    const hidden = this.hides(parentOf(directory)) || this.#isOpaque(directory);
    this.#hidden.set(directory, hidden);
    return hidden;
  }

  #isOpaque(directory: string): boolean {
    const descriptor = this.#calls.openat2(this.root, directory, DIRECTORY, CONFINED);
    if (descriptor === -ERRNO.ENOENT) return false;
    // Not a directory: nothing is below it.
    if (descriptor < 0) return true;
    const opaque = isOpaque(this.#calls, descriptor);
    this.#calls.close(descriptor);
    return opaque;
  }
}

/** The trees of the layers below one, as an overlay of them would show them. */
export class LowerTrees {
  readonly trees: readonly LayerTree[];

  /** `paths` from the uppermost down. */
  constructor(calls: FileCalls, paths: readonly string[]) {
    this.trees = paths.map((path) => new LayerTree(calls, openSync(fsPath(path), DIRECTORY)));
  }

  find(path: string): Found | undefined {
    for (const tree of this.trees) {
      const answer = tree.ask(path);
      if (answer.kind === 'found') return { root: tree.root, status: answer.status };
      if (answer.kind === 'hidden') return undefined;
    }
    return undefined;
  }

  /** The same, but only a directory will do. */
  findDirectory(path: string): Found | undefined {
    const found = this.find(path);
    return found !== undefined && isDirectory(found.status) ? found : undefined;
  }

  close(): void {
    for (const { root } of this.trees) closeSync(root);
  }
}
