import { existsSync, readFileSync } from 'node:fs';
import { isSoundLayer } from '../store/layers.ts';
import { ensureProjectPath, projectPath, writeAside } from '../store/projects.ts';
import { isUnchanged, type Stamp } from './stamp.ts';

/*
 * What an environment was when it was built last, in the store: as long as none of the files that it was made from has changed,
 * a start reads this one file instead of them, and neither TOML nor the schema is loaded.
 */

/** An environment that is built: all that it takes to start something in it. */
export interface ReadyEnvironment {
  /** Absolute real path of the project. */
  readonly directory: string;
  readonly project: string;
  readonly environment: string;
  readonly root:
    | { readonly kind: 'host' }
    | {
        readonly kind: 'image';
        /** Of the image below: in full, and its manifest's digest. */
        readonly name: string;
        readonly manifest: string;
        /** Trees, uppermost first, those of the steps too. */
        readonly layers: readonly string[];
      };
  /** Options as they would be typed before those of the command line; paths of the host in them are absolute. */
  readonly words: readonly string[];
  readonly variables: ReadonlyArray<readonly [name: string, value: string]>;
  readonly volumes: ReadonlyArray<{
    readonly source: string;
    readonly destination: string;
    readonly access: 'rw' | 'ro';
    /** As of Volume. */
    readonly noLinks?: boolean;
  }>;
  readonly workdir?: string;
  /** An account of the image; a number is among the words. */
  readonly user?: string;
  /** The kept sandbox in which its services run, and which is joined while they do. */
  readonly sandbox: string;
  readonly shims: readonly string[];
  readonly shimRefresh: 'ask' | 'automatic';
  /** Changes whenever anything of the above does. */
  readonly digest: string;
}

interface EnvironmentRecord {
  readonly version: 1;
  /** Of the program: another one may understand the files differently. */
  readonly build: string;
  /** Milliseconds since the epoch, before anything was read. */
  readonly taken: number;
  /** The project's files, the lock, and the inputs of steps. */
  readonly stamps: readonly Stamp[];
  /** Everything is as sandbox.lock says. */
  readonly locked: boolean;
  /** What it asks for does not take trust, or had it. */
  readonly trust: string | undefined;
  readonly ready: ReadyEnvironment;
}

function placeOf(store: string, directory: string, environment: string): string {
  return `${projectPath(store, directory)}/${environment}.json`;
}

/** Gives the environment, undefined where it is to be looked at again. `frozen`: only if it is as the lock says. */
export function readRecord(
  store: string,
  wanted: {
    readonly directory: string;
    readonly environment: string;
    readonly build: string;
    readonly frozen: boolean;
  },
): ReadyEnvironment | undefined {
  let record: EnvironmentRecord;
  try {
    record = JSON.parse(readFileSync(placeOf(store, wanted.directory, wanted.environment), 'utf8'));
  } catch {
    return undefined;
  }
  if (record.version !== 1 || record.build !== wanted.build || (wanted.frozen && !record.locked)) return undefined;
  const { ready } = record;
  if (ready.directory !== wanted.directory || !isUnchanged(record.stamps, record.taken)) return undefined;
  const { root } = ready;
  const isThere = root.kind === 'host' || root.layers.every((tree) => isSoundLayer(tree.slice(0, -'/tree'.length)));
  return isThere && hasCaches(store, ready) ? ready : undefined;
}

/** Gives the directories and files of package managers' caches among volumes: `sandbox gc --caches` removes them. */
export function cachesAmong(store: string, volumes: ReadonlyArray<{ readonly source: string }>): string[] {
  return volumes.map(({ source }) => source).filter((source) => source.startsWith(`${store}/caches/`));
}

/** Whether they are there. They are made where the environment is looked at again. */
export function hasCaches(store: string, { volumes }: ReadyEnvironment): boolean {
  return cachesAmong(store, volumes).every((source) => existsSync(source));
}

/** Remembers an environment. */
export function writeRecord(store: string, record: Omit<EnvironmentRecord, 'version'>): void {
  const { directory, environment } = record.ready;
  ensureProjectPath(store, directory);
  writeAside(placeOf(store, directory, environment), JSON.stringify({ version: 1, ...record }));
}
