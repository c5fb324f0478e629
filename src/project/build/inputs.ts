import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { decodeBytes, encodeBytes } from '../../linux/bytes.ts';
import { fsPath } from '../../linux/paths.ts';
import { ProjectError } from '../error.ts';
import { LOCAL_FILE, LOCK_FILE, PROJECT_FILE } from '../find.ts';
import { type Patterns, parsePatterns } from '../patterns.ts';
import { type Stamp, stampOf } from '../stamp.ts';

/*
 * Which files a step's `inputs` mean. Nothing outside of the project is looked at: a link is an input itself, and none is followed
 * on the way to one. Directories are no inputs of their own, as in git: only what lies in them.
 */

/** An input; `path` from the project's directory, a byte string (linux/bytes.ts). */
export type Input =
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean; readonly stamp: Stamp }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface FoundInputs {
  /** In the order of their paths' bytes, each once. */
  readonly inputs: readonly Input[];
  /** Of everything that was looked at, directories too. */
  readonly stamps: readonly Stamp[];
}

/** What directories and patterns never mean: what the project says about itself would change with every build. */
const OF_ITSELF = new Set([PROJECT_FILE, LOCAL_FILE, LOCK_FILE, '.sandbox', '.git']);
/** Of a repository in the repository, too. */
const ANYWHERE = new Set(['.git']);

const GLOB = /[*?[{]/;

/**
 * Takes the patterns of `inputs` and gives the files that they mean now: a path, everything below a directory, or a pattern
 * (patterns.ts). Throws a ProjectError of code INPUT for a path that is not there, and for one that leads through a link.
 */
export function findInputs(directory: string, patterns: readonly string[]): FoundInputs {
  const search = new Search(directory);
  for (const pattern of patterns) search.add(pattern);
  return search.result();
}

class Search {
  readonly #directory: string;
  readonly #inputs = new Map<string, Input>();
  readonly #stamps = new Map<string, Stamp>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  add(unsafePattern: string): void {
    const names = unsafePattern.split('/').filter((name) => name !== '' && name !== '.');
    if (unsafePattern.startsWith('/') || names.includes('..')) {
      throw new ProjectError('INPUT', `inputs: ${JSON.stringify(unsafePattern)} is not below the project's directory`, {
        hint: 'inputs are files of the project, so that everybody who has it has them',
      });
    }
    const literal = names.findIndex((name) => GLOB.test(name));
    if (literal === -1) {
      this.#addPath(names.join('/'));
      return;
    }
    const base = names.slice(0, literal).join('/');
    const kind = this.#kindOf(base, unsafePattern);
    if (kind === 'link') throw leadsThrough(base, unsafePattern);
    if (kind === 'directory') this.#match(base, parsePatterns([names.join('/')]));
  }

  result(): FoundInputs {
    const inputs = [...this.#inputs.values()];
    const keys = new Map(inputs.map((input) => [input, encodeBytes(input.path)]));
    inputs.sort((a, b) => Buffer.compare(keys.get(a) as Buffer, keys.get(b) as Buffer));
    return { inputs, stamps: [...this.#stamps.values()] };
  }

  #absolute(path: string): string {
    return path === '' ? this.#directory : `${this.#directory}/${path}`;
  }

  #addPath(path: string): void {
    const kind = this.#kindOf(path, path);
    if (kind === 'directory') this.#below(path);
    else if (kind === 'nothing') {
      throw new ProjectError('INPUT', `inputs: there is no ${JSON.stringify(path)} in ${this.#directory}`, {
        hint: 'what may be missing is written as a pattern: "config*.json"',
      });
    } else if (!this.#addEntry(path, kind)) {
      throw new ProjectError('INPUT', `inputs: ${path} is neither a file, a directory nor a link`);
    }
  }

  /** Looks at a path, and at all directories above it. */
  #kindOf(path: string, pattern: string): Kind {
    const names = path === '' ? [] : path.split('/');
    let kind: Kind = 'directory';
    for (let depth = 1; depth <= names.length; depth++) {
      const at = names.slice(0, depth).join('/');
      kind = this.#look(at);
      if (kind === 'nothing' || depth === names.length) return kind;
      if (kind === 'link') throw leadsThrough(at, pattern);
      if (kind !== 'directory') return 'nothing';
    }
    return kind;
  }

  #look(path: string): Kind {
    const absolute = this.#absolute(path);
    const stamp = this.#stamps.get(absolute) ?? stampOf(absolute);
    this.#stamps.set(absolute, stamp);
    if (stamp.state === '') return 'nothing';
    return kindOfMode(modeOf(stamp));
  }

  /** Says whether it is something that can be an input. */
  #addEntry(path: string, kind: Kind): boolean {
    const absolute = this.#absolute(path);
    if (kind === 'link') {
      this.#inputs.set(path, { kind, path, target: readTarget(absolute, path) });
    } else if (kind === 'file') {
      const stamp = this.#stamps.get(absolute) ?? stampOf(absolute);
      this.#inputs.set(path, { kind, path, executable: (modeOf(stamp) & 0o100) !== 0, stamp });
    } else return false;
    return true;
  }

  /** Everything below a directory. */
  #below(path: string): void {
    for (const at of this.#entries(path)) {
      const kind = this.#look(at);
      if (kind === 'directory') this.#below(at);
      else this.#addEntry(at, kind);
    }
  }

  #match(path: string, patterns: Patterns): void {
    for (const at of this.#entries(path)) {
      const isMeant = patterns.matches(at);
      if (!isMeant && !patterns.mayMatchBelow(at)) continue;
      // What a pattern does not mean, and is no directory, is not looked at again.
      if (!isMeant && !lstatSync(fsPath(this.#absolute(at)), { throwIfNoEntry: false })?.isDirectory()) continue;
      const kind = this.#look(at);
      if (kind === 'directory') this.#match(at, patterns);
      else if (isMeant) this.#addEntry(at, kind);
    }
  }

  /** Paths of what a directory has, but for what is never meant. */
  #entries(path: string): string[] {
    this.#look(path);
    let names: Buffer[];
    try {
      names = readdirSync(fsPath(this.#absolute(path)), { encoding: 'buffer' });
    } catch (cause) {
      throw unreadable(path, cause);
    }
    return names
      .map((name) => decodeBytes(name))
      .filter((name) => !(path === '' ? OF_ITSELF : ANYWHERE).has(name))
      .map((name) => (path === '' ? name : `${path}/${name}`));
  }
}

function leadsThrough(link: string, pattern: string): ProjectError {
  return new ProjectError('INPUT', `inputs: ${JSON.stringify(pattern)} leads through ${link}, which is a link`, {
    hint: 'name the place itself: links are not followed, since they may lead out of the project',
  });
}

function readTarget(absolute: string, path: string): string {
  try {
    return decodeBytes(readlinkSync(fsPath(absolute), { encoding: 'buffer' }));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

type Kind = 'file' | 'directory' | 'link' | 'other' | 'nothing';

function modeOf(stamp: Stamp): number {
  return Number(stamp.state.split(' ')[4] ?? 0);
}

/** inode(7), S_IFMT. */
function kindOfMode(mode: number): Kind {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'link';
    default:
      return 'other';
  }
}

/** Takes why an input could not be read and gives the error for people. */
export function unreadable(path: string, cause: unknown): ProjectError {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  const gone = errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP' || errno === 'EXDEV';
  const why = gone ? 'it went away, or became something else, while it was read' : 'it cannot be read';
  return new ProjectError('INPUT', `inputs: ${path}: ${why} (${errno})`, {
    hint: gone ? 'build again when nothing changes the project' : 'it must be readable for you',
    cause,
  });
}
