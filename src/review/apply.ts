import { removeUpper, scanAll, selectWithPlaces } from './changes.ts';
import { conflictsOf, judge } from './conflicts.ts';
import { ReviewError } from './error.ts';
import type { Applied, Change, Obstacle } from './model.ts';
import type { OpenPart } from './open-part.ts';
import type { Found, OnSame } from './scan.ts';
import { makePartTransparent } from './transparent.ts';
import {
  baseOf,
  calls,
  ENOENT,
  isElsewhere,
  look,
  openBelow,
  parentOf,
  removeTree,
  type Status,
  TreeFailure,
  within,
} from './tree.ts';
import { finishDirectory, linkEntry, writeEntry } from './write-entry.ts';

export interface ApplyOptions {
  readonly patterns: readonly string[];
  /** Name of temporary files. */
  readonly temporary: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}

export type ApplyOutcome =
  | { readonly kind: 'conflicts'; readonly conflicts: readonly Obstacle[] }
  | { readonly kind: 'applied'; readonly result: Applied };

/**
 * Brings changes to the host: all or none where there are conflicts, and unless `force`. Each entry is taken out of the
 * sandbox's once the host has it, so whatever ends this, the next time goes on. What the host refuses is left. Directories
 * come first, then what is in them, then deletions; a directory's own mode and time come last.
 */
export function applyChanges(parts: readonly OpenPart[], options: ApplyOptions): ApplyOutcome {
  const all = scanAll(parts);
  const selected = selectWithPlaces(all, options.patterns);
  if (!options.force) {
    const conflicts = conflictsOf(selected);
    if (conflicts.length > 0) return { kind: 'conflicts', conflicts };
  }
  if (options.dryRun) return { kind: 'applied', result: expected(selected) };
  for (const part of parts) {
    if (selected.some((each) => each.in === part && each.change.refusal === undefined)) makePartTransparent(part);
  }
  const paths = new Set(selected.map(({ path }) => path));
  // Deletions that were only implied have entries of their own now.
  const application = new Application(options);
  const found = scanAll(parts, application.knows).filter(({ path }) => paths.has(path));
  return { kind: 'applied', result: application.run(found) };
}

function expected(selected: readonly Found[]): Applied {
  const isRefused = ({ change }: Found): boolean => change.refusal !== undefined;
  return {
    applied: selected.filter((each) => !isRefused(each)).map(({ change }) => change),
    left: selected.filter(isRefused).map(({ path, change }) => ({ path, reason: change.refusal ?? '' })),
    notes: selected.flatMap(({ change }) => notesOf(change)),
  };
}

/** What of a change does not come to the host. */
function notesOf(change: Change): Obstacle[] {
  if (change.change === 'deleted' || change.refusal !== undefined) return [];
  const notes: Obstacle[] = [];
  if ((change.mode & 0o6000) !== 0 && change.kind === 'file') {
    notes.push({ path: change.path, reason: 'without its set-uid and set-gid bits' });
  }
  if (change.aspects.includes('owner')) notes.push({ path: change.path, reason: 'its owner is you, as before' });
  return notes;
}

/** Where a file with several names is on the host. */
interface FirstName {
  readonly in: OpenPart;
  readonly relative: string;
  readonly inode: bigint;
}

class Application {
  readonly #temporary: string;
  readonly #force: boolean;
  readonly #applied: Change[] = [];
  readonly #left: Obstacle[] = [];
  readonly #notes: Obstacle[] = [];
  /** Directories of the host in which what an earlier, killed run left was looked for. */
  readonly #cleaned = new Set<string>();
  /** Of files with several names: the first that came to the host. */
  readonly #links = new Map<string, FirstName>();

  constructor({ temporary, force }: ApplyOptions) {
    this.#temporary = temporary;
    this.#force = force;
  }

  /** The host has this file already, as the sandbox has it: its new names are to be names of that one. */
  readonly knows: OnSame = (open, relative, status) => {
    if (open.host === undefined || !open.part.hostIsLower) return;
    const inode = within(open.host, parentOf(relative), 'stand', (at) => look(at, baseOf(relative))?.ino);
    if (inode !== undefined) this.#links.set(inodeOf(status), { in: open, relative, inode });
  };

  run(found: readonly Found[]): Applied {
    const kept = found.filter(({ change }) => change.change !== 'deleted');
    // The names of one file are taken out together: a run that is killed in between knows them all the next time.
    const linked = kept.filter((each) => this.#attempt(each, () => this.#bring(each)) && isLinked(each));
    for (const each of linked) removeUpper(each);
    const deleted = found.filter(({ change }) => change.change === 'deleted');
    for (const each of [...deleted].reverse()) this.#attempt(each, () => this.#remove(each));
    const directories = kept.filter(({ change }) => change.kind === 'directory');
    for (const each of [...directories].reverse()) this.#attempt(each, () => this.#finish(each));
    return { applied: this.#applied, left: this.#left, notes: this.#notes };
  }

  /** Gives whether the work was done; a failure is noted, and the entry stays. */
  #attempt({ path, change }: Found, work: () => void): boolean {
    if (change.refusal !== undefined) {
      if (!this.#left.some((each) => each.path === path)) this.#left.push({ path, reason: change.refusal });
      return false;
    }
    try {
      work();
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      if (!this.#left.some((each) => each.path === path)) this.#left.push({ path, reason });
      return false;
    }
  }

  #bring(each: Found): void {
    const isDirectory = each.change.kind === 'directory';
    this.#inPlace(each, (directory, name) => {
      const verdict = judge(each);
      if (verdict.kind === 'conflict' && !this.#force) throw new ReviewError('CONFLICT', verdict.reason);
      const there = look(directory, name);
      if (isDirectory && there?.isDirectory()) return;
      const place = { directory, name, there };
      const first = isLinked(each) ? this.#links.get(linkOf(each)) : undefined;
      if (first !== undefined && first.in === each.in) this.#link(first, place);
      else if (verdict.kind !== 'applied') this.#write(each, place);
      this.#remember(each, directory, name);
    });
    if (isDirectory) return;
    if (!isLinked(each)) removeUpper(each);
    this.#note(each);
  }

  #note({ change }: Found): void {
    this.#applied.push(change);
    this.#notes.push(...notesOf(change));
  }

  #write(each: Found, place: Parameters<typeof writeEntry>[1]): void {
    const { upper } = each.in;
    const directory = openBelow(upper, parentOf(each.relative), 'stand');
    try {
      if (directory < 0 || each.status === undefined) throw new ReviewError('FAILED', 'its entry is gone');
      writeEntry({ directory, name: each.stored, status: each.status }, place, this.#temporary);
    } finally {
      if (directory >= 0) calls().files.close(directory);
    }
  }

  #remember(each: Found, directory: number, name: string): void {
    if (!isLinked(each) || this.#links.has(linkOf(each))) return;
    const status = look(directory, name);
    if (status !== undefined)
      this.#links.set(linkOf(each), { in: each.in, relative: each.relative, inode: status.ino });
  }

  #link(first: FirstName, place: Parameters<typeof writeEntry>[1]): void {
    if (place.there?.ino === first.inode) return;
    const directory = openBelow(first.in.host ?? -1, parentOf(first.relative), 'stand');
    try {
      const name = baseOf(first.relative);
      if (directory < 0 || look(directory, name)?.ino !== first.inode) {
        throw new ReviewError('FAILED', 'the file that it is another name of was changed meanwhile');
      }
      linkEntry({ directory, name }, place, this.#temporary);
    } finally {
      if (directory >= 0) calls().files.close(directory);
    }
  }

  #remove(each: Found): void {
    const verdict = judge(each);
    if (verdict.kind === 'conflict' && !this.#force) throw new ReviewError('CONFLICT', verdict.reason);
    if (verdict.kind !== 'applied') this.#inPlace(each, (directory, name) => removeTree(directory, name));
    removeUpper(each);
    this.#note(each);
  }

  /** A directory that could not be made has nothing to be finished. */
  #finish(each: Found): void {
    if (this.#left.some(({ path }) => path === each.path)) return;
    this.#inPlace(each, (host, name) => {
      const directory = openBelow(each.in.upper, parentOf(each.relative), 'stand');
      try {
        if (directory < 0 || each.status === undefined) return;
        finishDirectory({ directory, name: each.stored, status: each.status }, host, name);
      } finally {
        if (directory >= 0) calls().files.close(directory);
      }
    });
    removeUpper(each);
    this.#note(each);
  }

  /** Does work in the directory of the host where an entry belongs; no link is followed on the way there. */
  #inPlace({ in: open, relative }: Found, work: (directory: number, name: string) => void): void {
    const { host } = open;
    if (host === undefined) throw new ReviewError('FAILED', 'it has no place on the host');
    const parent = parentOf(relative);
    const directory = openBelow(host, parent, 'stand');
    if (directory === ENOENT) throw new ReviewError('FAILED', 'its directory is not there on the host');
    if (isElsewhere(directory)) {
      throw new ReviewError('FAILED', 'a directory on the way to it is a link or a file on the host');
    }
    if (directory < 0) throw new ReviewError('FAILED', 'its directory on the host cannot be opened');
    try {
      const key = `${host}:${parent}`;
      if (!this.#cleaned.has(key)) {
        this.#cleaned.add(key);
        if (look(directory, this.#temporary) !== undefined) removeTree(directory, this.#temporary);
      }
      work(directory, baseOf(relative));
    } finally {
      calls().files.close(directory);
    }
  }
}

function isLinked({ change, status }: Found): boolean {
  return change.kind !== 'directory' && status !== undefined && status.nlink > 1n;
}

const inodeOf = ({ dev, ino }: Status): string => `${dev}:${ino}`;
const linkOf = ({ status }: Found): string => (status === undefined ? '' : inodeOf(status));

/** What kept one entry from being applied, in words; undefined where it was something else than the entry. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof TreeFailure) return explained(error.errno);
  if (error instanceof ReviewError) return error.message;
  const code = error instanceof Error && 'code' in error && 'errno' in error ? String(error.code) : undefined;
  if (code !== undefined) return explained(code);
  // A copy that failed inside the kernel (host/layer-copy/content.ts).
  return error instanceof Error && 'errno' in error ? error.message : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there (EACCES)',
  EPERM: 'you may not write there (EPERM)',
  EROFS: 'the file system is read-only (EROFS)',
  ENOSPC: 'no space is left (ENOSPC)',
  EDQUOT: 'your disk quota is used up (EDQUOT)',
};

const explained = (errno: string): string => WORDS[errno] ?? errno;
