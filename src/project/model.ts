/*
 * What sandbox.toml says, validated, `extends` resolved, and complete: the result of load.ts. Strings are text; paths of the
 * project are relative to its directory and stay in it unless a comment says otherwise.
 */

/** `NAME = "value"`. */
export type Variable = readonly [name: string, value: string];

/** A setup step: a script whose changes of the root file system become a layer. */
export interface Step {
  /** From 1 on, in the environment that it is listed in. */
  readonly number: number;
  readonly name: string;
  /** For /bin/sh, as written; run with `set -eu`. */
  readonly script: string;
  /** Files, directories and glob patterns below the project; what of them is there is shown, read-only, in /inputs. */
  readonly inputs: readonly string[];
  readonly variables: readonly Variable[];
  readonly caches: readonly CacheUse[];
  readonly network: 'none' | 'host';
  /** False: its result is not compared with the lock's, since it is another one each time. */
  readonly reproducible: boolean;
}

/** A directory that outlives sandboxes: of a package manager that is known by name, or any path inside. */
export type CacheUse =
  | { readonly kind: 'known'; readonly name: 'apt' | 'cargo' | 'go' | 'npm' | 'pip' }
  | { readonly kind: 'path'; readonly path: string };

/** `volumes`: as after `-v`; the source may lie anywhere, which takes trust where it is outside of the project. */
export interface ProjectVolume {
  /** As written: relative to the project, absolute, or below `~/`. */
  readonly unsafeSource: string;
  /** Absolute. */
  readonly destination: string;
  readonly access: 'rw' | 'ro';
}

/** What a name in the project's file is, and where it stands: for messages. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Environment {
  /** `default` is what stands at the top of the file. */
  readonly name: string;
  readonly description?: string;
  /** `host`, or a reference as it would be typed. */
  readonly image: string;
  /** `packages` first, as a step of that name. */
  readonly steps: readonly Step[];
  readonly variables: readonly Variable[];
  /** Names and patterns of variables of the host: as after `-e`. Takes trust. */
  readonly passEnv: readonly string[];
  /** Absolute path inside. Undefined: where the caller stands in the project, else the project's directory. */
  readonly workdir?: string;
  /** As after `--user`. */
  readonly user?: string;
  readonly workspace?: 'rw' | 'ro' | 'cow';
  readonly volumes: readonly ProjectVolume[];
  /** As after `--tmpfs`. */
  readonly tmpfs: readonly string[];
  /** TCP ports that its services listen on; looked at before they are started. */
  readonly ports: readonly number[];
  readonly network?: 'none' | 'host';
  readonly profile?: string;
  /** As after `--secret`. */
  readonly secrets: readonly string[];
  readonly caches: readonly CacheUse[];
  /** Of `limits`, by the names of the options: memory, cpus, pids-limit … As after these. */
  readonly limits: ReadonlyArray<readonly [option: string, value: string]>;
  /** Names of options without a value that show parts of the session: `ssh-agent`, `wayland` … Takes trust. */
  readonly session: readonly string[];
  /** As after `--device`. Takes trust. */
  readonly devices: readonly string[];
  readonly shims: readonly string[];
}

export interface ProjectCommand {
  readonly name: string;
  readonly description?: string;
  /** For /bin/sh -c with the words that were typed after the name as "$@", or program and arguments. */
  readonly run: string | readonly string[];
  /** Name of an environment; may contain a key of `each` in braces. */
  readonly environment: string;
  readonly variables: readonly Variable[];
  /** Absolute inside, or relative to the project. */
  readonly workdir?: string;
  /** Commands that are run before, each once. */
  readonly requires: readonly string[];
  /** Services that are to be ready before. */
  readonly services: readonly string[];
  /** The command is run for every combination; the keys are variables of it. */
  readonly each: ReadonlyArray<readonly [key: string, values: readonly string[]]>;
  /** Patterns of files: with --watch the command is run again when one of them changes. */
  readonly watch: readonly string[];
}

export type Ready =
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'http'; readonly url: string }
  /** Status 0 in the service's sandbox. */
  | { readonly kind: 'command'; readonly run: string }
  /** A line of its output has it. */
  | { readonly kind: 'log'; readonly text: string }
  /** Absolute path inside. */
  | { readonly kind: 'file'; readonly path: string };

export interface Service {
  readonly name: string;
  readonly description?: string;
  readonly run: string | readonly string[];
  readonly environment: string;
  readonly variables: readonly Variable[];
  readonly workdir?: string;
  /** As after `--user`; undefined: the environment's. */
  readonly user?: string;
  /** Services that are to be ready before. */
  readonly requires: readonly string[];
  /** Undefined: it is ready when it is started. */
  readonly ready?: Ready;
  /** Seconds to get ready. */
  readonly readyTimeout: number;
  /** Name of the signal that asks it to end. */
  readonly stopSignal: string;
  /** Seconds after which it is killed. */
  readonly stopTimeout: number;
  readonly ports: readonly number[];
}

export interface Project {
  /** Absolute real path of the directory of sandbox.toml. */
  readonly directory: string;
  /** For host names and lists: `name`, else the directory's. */
  readonly name: string;
  /** sandbox.toml, and sandbox.local.toml where there is one. Absolute. */
  readonly files: readonly string[];
  /** The sha256 of both files' contents: what `sandbox trust` is given for. */
  readonly digest: string;
  /** `default` first. */
  readonly environments: ReadonlyMap<string, Environment>;
  readonly commands: ReadonlyMap<string, ProjectCommand>;
  readonly services: ReadonlyMap<string, Service>;
  /** Whether shims make themselves anew when they are stale. */
  readonly shimRefresh: 'ask' | 'automatic';
  /** Gives where a key stands in the file, undefined where it cannot be told. For errors. */
  readonly place: (key: readonly string[]) => Place | undefined;
}
