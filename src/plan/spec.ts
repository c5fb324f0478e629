/**
 * What the user wants, validated and free of the host's details: the input of the plan.
 *
 * Strings are byte strings in the sense of linux/bytes.ts (PEP 383), so every path and argument survives as it is.
 * All paths are absolute and normalised (no `.`, `..`, double or trailing slashes).
 */

/** Where the root file system comes from. */
export type RootFs =
  /** The host's own system, copy-on-write. */
  | { readonly kind: 'host' }
  /** A root file system in a directory of the host (`--rootfs`), copy-on-write. */
  | { readonly kind: 'directory'; readonly path: string }
  /** An image of the store, copy-on-write. */
  | {
      readonly kind: 'image';
      /** In full: `docker.io/library/debian:bookworm`. */
      readonly name: string;
      /** Digest of its manifest. */
      readonly manifest: string;
      /** Absolute paths of the layers' trees, uppermost first; none where the image is empty. */
      readonly layers: readonly string[];
    };

/**
 * How copy-on-write is made: by the kernel's overlayfs, by the program of that name, or by copying the whole root file
 * system first, as podman's `storage.conf` knows them (`overlay`, its `mount_program`, `vfs`).
 */
export const STORAGE_DRIVERS = ['native', 'fuse-overlayfs', 'copy'] as const;
export type StorageDriverName = (typeof STORAGE_DRIVERS)[number];

/** The directory being worked on, visible inside at its own path. */
export type Workspace =
  | { readonly kind: 'none' }
  /** `rw`: the host's directory itself; `ro`: the same, read-only; `cow`: changes stay in the sandbox. */
  | { readonly kind: 'rw' | 'ro' | 'cow'; readonly path: string };

/** `-v SRC:DST[:ro]`: a directory or file of the host inside the sandbox. */
export interface Volume {
  readonly source: string;
  readonly destination: string;
  readonly access: 'rw' | 'ro';
}

/** `--tmpfs DST[:size=64m,mode=1777]`: a file system in memory. */
export interface Tmpfs {
  readonly destination: string;
  /** Bytes; undefined: the kernel's default, half of the memory. */
  readonly size?: number;
  /** Permission bits of its root. */
  readonly mode: number;
}

/** Who the command is inside. */
export type User =
  /** The natural one: on `host` the user's own id and name, elsewhere root. */
  | { readonly kind: 'default' }
  /** An id, with the group of the same number unless given. */
  | { readonly kind: 'id'; readonly uid: number; readonly gid: number }
  /** An account of the image, which owns its files there: the image's own `User`. */
  | { readonly kind: 'account'; readonly uid: number; readonly gid: number }
  /** A name (and perhaps a group's), looked up in the root file system's /etc/passwd and /etc/group. */
  | { readonly kind: 'name'; readonly user: string; readonly group?: string };

/** Whether the sandbox outlives its command. */
export type Lifetime =
  /** `run`: gone with its command. */
  | { readonly kind: 'ephemeral' }
  /** `shell NAME`: changes stay, opened again next time. */
  | { readonly kind: 'named'; readonly name: string };

/** How the command reaches the user's terminal. */
export type Terminal =
  /** It inherits the descriptors as they are: job control, resizing and pipes are the host terminal's own. */
  | 'inherited'
  /** It gets a pseudo-terminal of its own, relayed by the monitor (`-t`). */
  | 'own';

export interface Spec {
  readonly lifetime: Lifetime;
  readonly rootfs: RootFs;
  readonly workspace: Workspace;
  /** Undefined: the workspace, else the user's home on `host`, else `/`. */
  readonly workdir?: string;
  readonly user: User;
  /** Complete environment in order, unique names: `sandbox` adds nothing later. */
  readonly environment: ReadonlyArray<readonly [name: string, value: string]>;
  readonly hostname: string;
  readonly readOnly: boolean;
  readonly network: 'none' | 'host';
  readonly volumes: readonly Volume[];
  readonly tmpfs: readonly Tmpfs[];
  readonly terminal: Terminal;
  /** False: standard input is /dev/null. */
  readonly stdin: boolean;
  /** Undefined: the best that works here, or the one that the sandbox was made with. */
  readonly storageDriver?: StorageDriverName;
  /** Number of the signal that the command gets in place of a SIGTERM from outside: the image's StopSignal. */
  readonly stopSignal?: number;
  /** Program and arguments, at least one. */
  readonly command: readonly string[];
}
