import { chmodSync, closeSync, openSync, readFileSync } from 'node:fs';
import { makeDirectory } from '../../linux/make-directory.ts';
import type { Volume } from '../../plan/spec.ts';
import { storeFailure } from '../../store/error.ts';
import { fnv64 } from '../../store/layers.ts';
import { projectId, writeAside } from '../../store/projects.ts';
import type { CacheUse, Variable } from '../model.ts';

/*
 * $STORE/caches/shared/NAME/       what trusted projects share
 * $STORE/caches/PROJECT/NAME/      what a project has for itself; PROJECT: as in $STORE/projects
 * $STORE/caches/…/NAME.lock        held by a step that uses it, where only one may
 * $STORE/caches/apt.conf           see APT_CONF
 *
 * A cache is mounted where the package manager keeps its downloads, so it never becomes part of a layer. It stays until
 * `sandbox gc --caches`, or until its project's directory is gone.
 */

/** What it takes to show caches inside. */
export interface CacheParts {
  readonly volumes: readonly Volume[];
  readonly variables: readonly Variable[];
  /** Paths of files that a step holds locked while it runs. */
  readonly locks: readonly string[];
}

/** Whose caches they are. */
export interface CacheOwner {
  readonly store: string;
  /** Absolute path of the project. */
  readonly directory: string;
  /** Projects that are trusted share their caches; any other has its own, in which it can poison nothing but itself. */
  readonly shared: boolean;
  /** What is set inside besides: an image may have its package manager elsewhere. */
  readonly variables?: readonly Variable[];
}

interface KnownCache {
  /** Directories of the cache, and where they are inside. */
  readonly places: (variables: ReadonlyMap<string, string>) => ReadonlyArray<readonly [name: string, inside: string]>;
  /** Files by which programs that use the cache keep out of each other's way: seen by all of them, or they are of no use. */
  readonly lockFiles?: (
    variables: ReadonlyMap<string, string>,
  ) => ReadonlyArray<readonly [name: string, inside: string]>;
  readonly variables: readonly Variable[];
  /** It is damaged, or waits for itself, where two use it at once. */
  readonly alone: boolean;
}

/**
 * Images of Debian and Ubuntu remove every package when it is installed: /etc/apt/apt.conf.d/docker-clean, which this takes the
 * place of. The two binary caches would be other ones in each layer.
 */
const APT_CONF = `APT::Keep-Downloaded-Packages "true";
Binary::apt::APT::Keep-Downloaded-Packages "true";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
`;
const APT_CONF_INSIDE = '/etc/apt/apt.conf.d/docker-clean';

const KNOWN: Readonly<Record<Extract<CacheUse, { kind: 'known' }>['name'], KnownCache>> = {
  // apt(8): it locks the directory itself, and fails where another one has it.
  apt: { places: () => [['archives', '/var/cache/apt/archives']], variables: [], alone: true },
  // The Cargo book, "Cargo Home": what is installed lies beside these, and belongs to the layer.
  cargo: {
    places: (variables) => ['registry', 'git'].map((name) => [name, `${cargoHome(variables)}/${name}`]),
    // cargo/src/cargo/util/cache_lock.rs: what is locked here is what lies in the two directories.
    lockFiles: (variables) =>
      ['package-cache', 'package-cache-mutate'].map((name) => [`${name}.lock`, `${cargoHome(variables)}/.${name}`]),
    variables: [],
    alone: false,
  },
  go: {
    places: () => [
      ['modules', '/var/cache/go/modules'],
      ['build', '/var/cache/go/build'],
    ],
    variables: [
      ['GOMODCACHE', '/var/cache/go/modules'],
      ['GOCACHE', '/var/cache/go/build'],
    ],
    alone: false,
  },
  npm: {
    places: () => [['npm', '/var/cache/npm']],
    variables: [['npm_config_cache', '/var/cache/npm']],
    alone: false,
  },
  pip: {
    places: () => [['pip', '/var/cache/pip']],
    variables: [['PIP_CACHE_DIR', '/var/cache/pip']],
    alone: false,
  },
};

function cargoHome(variables: ReadonlyMap<string, string>): string {
  return variables.get('CARGO_HOME') ?? '/root/.cargo';
}

export function cachesDirectory(store: string): string {
  return `${store}/caches`;
}

/** Makes the directories of caches, unless they are there, and says where they are seen inside. Throws a StoreError. */
export function cacheParts(uses: readonly CacheUse[], owner: CacheOwner): CacheParts {
  const parts = uses.map((use) => (use.kind === 'known' ? knownCache(use.name, owner) : ownCache(use.path, owner)));
  return {
    volumes: unique(parts.flatMap(({ volumes }) => volumes)),
    variables: [...new Map(parts.flatMap(({ variables }) => variables))],
    locks: [...new Set(parts.flatMap(({ locks }) => locks))].sort(),
  };
}

/** The same place twice is one. */
function unique(volumes: readonly Volume[]): Volume[] {
  return [...new Map(volumes.map((volume) => [volume.destination, volume])).values()];
}

function knownCache(name: keyof typeof KNOWN, owner: CacheOwner): CacheParts {
  const { places, lockFiles, variables, alone } = KNOWN[name];
  const set = new Map(owner.variables);
  const parent = `${cachesDirectory(owner.store)}/${owner.shared ? 'shared' : projectId(owner.directory)}`;
  const volumes = places(set).map(
    ([part, destination]): Volume => ({ source: ensured(`${parent}/${name}/${part}`), destination, access: 'rw' }),
  );
  for (const [file, destination] of lockFiles?.(set) ?? []) {
    volumes.push({ source: lockFile(`${parent}/${name}/${file}`), destination, access: 'rw' });
  }
  if (name === 'apt') volumes.push({ source: aptConf(owner.store), destination: APT_CONF_INSIDE, access: 'ro' });
  return { volumes, variables, locks: alone ? [`${parent}/${name}.lock`] : [] };
}

/** Nobody but the project itself knows what lies at a path of its choice. */
function ownCache(path: string, { store, directory }: CacheOwner): CacheParts {
  const source = ensured(`${cachesDirectory(store)}/${projectId(directory)}/path-${fnv64(path)}`);
  return { volumes: [{ source, destination: path, access: 'rw' }], variables: [], locks: [] };
}

/** Root inside may write to it, since that is the user; accounts of the image may look into it. */
function ensured(path: string): string {
  try {
    makeDirectory(path);
    chmodSync(path, 0o755);
  } catch (cause) {
    throw storeFailure('a cache cannot be made', path, cause);
  }
  return path;
}

/** It is never anything but empty. */
function lockFile(path: string): string {
  try {
    closeSync(openSync(path, 'a', 0o644));
  } catch (cause) {
    throw storeFailure('a cache cannot be made', path, cause);
  }
  return path;
}

function aptConf(store: string): string {
  const path = `${cachesDirectory(store)}/apt.conf`;
  try {
    if (readFileSync(path, 'utf8') === APT_CONF) return path;
  } catch {
    // Not there yet.
  }
  try {
    makeDirectory(cachesDirectory(store));
    writeAside(path, APT_CONF);
    chmodSync(path, 0o644);
  } catch (cause) {
    throw storeFailure('a cache cannot be made', path, cause);
  }
  return path;
}
