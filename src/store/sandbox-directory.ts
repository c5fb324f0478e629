import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { StoreError } from './error.ts';
import { type Shelf, shelf } from './layout.ts';

/** What a sandbox stands on: RootFs of the plan. */
export type StoredRootFs =
  | { readonly kind: 'host' }
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 'image';
      /** In full: `docker.io/library/debian:bookworm`. */
      readonly name: string;
      readonly manifest: string;
      /** Absolute paths of the layers' trees, uppermost first. */
      readonly layers: readonly string[];
    };

/** What spec.json says; written by the plan, read by `ps`, `rm` and garbage collection. */
export interface StoredSpec {
  readonly version: 1;
  readonly lifetime: { readonly kind: 'ephemeral' } | { readonly kind: 'named' | 'build'; readonly name: string };
  readonly rootfs: StoredRootFs;
  /** How its changes are kept; undefined in those of the first version, which are 'native'. */
  readonly storageDriver?: 'native' | 'fuse-overlayfs' | 'copy';
  readonly workspace: { readonly kind: string; readonly path?: string };
  readonly network: 'none' | 'host';
  readonly hostname: string;
  readonly command: readonly string[];
  /** How closely it is held: Security of the plan; undefined in those of the first version. */
  readonly security?: { readonly profile: string };
  /** The skeleton that a `host` sandbox was last opened with. */
  readonly generation?: string;
}

/** A directory of the store that holds a sandbox. */
export interface SandboxDirectoryEntry {
  readonly id: string;
  readonly shelf: Shelf;
  readonly path: string;
}

/** Lists the sandboxes of a shelf; a missing shelf has none. */
export function listShelf(store: string, name: Shelf): SandboxDirectoryEntry[] {
  let entries: string[];
  try {
    entries = readdirSync(shelf(store, name));
  } catch {
    return [];
  }
  return entries
    .filter((id) => !id.startsWith('.'))
    .map((id) => ({ id, shelf: name, path: `${shelf(store, name)}/${id}` }));
}

/** Reads a sandbox's spec.json; undefined while it is being made, or when it is not of a version that we know. */
export function readSpec(path: string): StoredSpec | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(`${path}/spec.json`, 'utf8'));
    return isStoredSpec(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStoredSpec(value: unknown): value is StoredSpec {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'command' in value &&
    Array.isArray(value.command) &&
    'rootfs' in value &&
    isStoredRootFs(value.rootfs) &&
    'workspace' in value &&
    typeof value.workspace === 'object' &&
    'network' in value
  );
}

function isStoredRootFs(value: unknown): value is StoredRootFs {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'host') return true;
  if (value.kind === 'directory') return 'path' in value && typeof value.path === 'string';
  if (value.kind !== 'image' || !('name' in value && 'manifest' in value && 'layers' in value)) return false;
  const { name, manifest, layers } = value;
  return (
    typeof name === 'string' &&
    typeof manifest === 'string' &&
    Array.isArray(layers) &&
    layers.every((layer) => typeof layer === 'string')
  );
}

/** Makes the directory of a named sandbox, unless there is one. Throws a StoreError. */
export function makeNamed(store: string, name: string): void {
  try {
    // Not `recursive`: Node says ENOENT then where the file system is read-only.
    mkdirSync(`${shelf(store, 'sandboxes')}/${name}`, { mode: 0o700 });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    if (code === 'EEXIST') return;
    throw new StoreError('STORE', `the sandbox ${name} cannot be made in ${store}: ${code}`, {
      hint: 'set XDG_DATA_HOME to a directory that you may write to',
      cause,
    });
  }
}

/**
 * Gives the pid of a sandbox's init while it runs. The process is the right one if it has the sandbox's lock open: pids
 * are used again, and a pid file may be older than the last reboot.
 */
export function runningInit(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(`${path}/pid`, 'utf8'));
    if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
    const lock = statSync(`${path}/lock`);
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      const open = statSync(`/proc/${pid}/fd/${descriptor}`, { throwIfNoEntry: false });
      if (open && open.ino === lock.ino && open.dev === lock.dev) return pid;
    }
  } catch {
    // Not started, ended, or somebody else's process by now.
  }
  return undefined;
}

/** When a sandbox was made: its directory's birth, or the oldest time that the file system keeps. */
export function createdAt(path: string): Date {
  const { birthtime, ctime } = statSync(path);
  return birthtime.getTime() > 0 ? birthtime : ctime;
}
