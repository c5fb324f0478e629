import { readdirSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { readProjectFile } from '../project-file.ts';

/** What a directory says about itself before it has a sandbox.toml. */
export interface Findings {
  /** What it was told by: `package.json, package-lock.json`. */
  readonly files: readonly string[];
  /** An image that has what Debian's packages lack, with the reason; undefined: Debian's do. */
  readonly image?: { readonly name: string; readonly reason: string };
  /** Images of that name have the language in them: `node`. */
  readonly language: string;
  /** Debian packages with the language; `more`: those that are needed besides it, too. */
  readonly packages: readonly string[];
  readonly more: readonly string[];
  /** As in `cache`. */
  readonly caches: readonly string[];
  readonly shims: readonly string[];
  readonly steps: readonly DraftStep[];
  readonly variables: readonly DraftVariable[];
  readonly commands: readonly DraftCommand[];
}

export interface DraftStep {
  readonly name: string;
  readonly comment: readonly string[];
  readonly inputs: readonly string[];
  readonly caches: readonly string[];
  readonly script: string;
  /** False: its result differs from time to time. */
  readonly isPinned: boolean;
}

export interface DraftVariable {
  readonly name: string;
  readonly value: string;
  readonly comment: string;
}

export interface DraftCommand {
  readonly name: string;
  readonly description: string;
  readonly run: string | readonly string[];
  readonly requires: readonly string[];
  readonly watch: readonly string[];
}

/** The files of a directory that are looked at. */
export class Directory {
  readonly names: ReadonlySet<string>;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.names = new Set(readdirSync(fsPath(path)));
  }

  /** Gives those of the names that are there. */
  those(...names: readonly string[]): string[] {
    return names.filter((name) => this.names.has(name));
  }

  /** Gives the text of a file, empty where it is not there or cannot be read. */
  text(name: string): string {
    if (!this.names.has(name)) return '';
    try {
      return readProjectFile(`${this.#path}/${name}`)?.toString('utf8') ?? '';
    } catch {
      return '';
    }
  }
}

/** Gives a command. `compile` rather than `build`, which is a command of our own, and is typed `sandbox do build` then. */
export function command(
  name: string,
  description: string,
  run: DraftCommand['run'],
  more: { readonly requires?: readonly string[]; readonly watch?: readonly string[] } = {},
): DraftCommand {
  return { name, description, run, requires: more.requires ?? [], watch: more.watch ?? [] };
}

/** A version as far as it counts here: 18 is [18], 3.11 is [3, 11]. */
export type Version = readonly number[];

/** Whether Debian's version is at least what is asked for. */
export function isEnough(has: Version, wanted: Version): boolean {
  for (const [index, part] of wanted.entries()) {
    const own = has[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/** Takes `>=3.12`, `^20.1`, `go 1.22` and gives the first version in it. */
export function versionIn(text: string, parts: number): Version | undefined {
  const found = /(\d+(?:\.\d+)*)/.exec(text)?.[1];
  return found?.split('.').slice(0, parts).map(Number);
}
