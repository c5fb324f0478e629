/**
 * What the user wants, validated and free of the host's details: the input of the plan.
 *
 * Strings are byte strings in the sense of linux/bytes.ts (PEP 383), so every path and argument survives as it is.
 * All paths are absolute and normalised (no `.`, `..`, double or trailing slashes).
 */

import type { AuditDepth } from '../linux/audit-log.ts';
import type { Capability } from '../linux/constants/capability.ts';
import type { GroupLimits } from '../linux/group-limits.ts';
import type { SeccompProfile } from './seccomp/profile.ts';

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
  /** The source is a real path and has to be one still when it is mounted: what ran in it before may have made it a link. */
  readonly noLinks?: boolean;
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

/** `--device SRC[:DST[:rwm]]`: a device file of the host that may be opened inside. */
export interface Device {
  readonly source: string;
  readonly destination: string;
}

/** `--secret`: a file /run/secrets/NAME in memory, which only the user inside may read. */
export interface Secret {
  readonly name: string;
  /** Bytes as in linux/bytes.ts. */
  readonly content: string;
}

/** What a command may ask of the kernel. */
export type SeccompChoice =
  /** One of the lists that are built in (plan/seccomp/lists). */
  | { readonly kind: 'list'; readonly name: 'dev' | 'strict' }
  /** A profile in docker's format, read from a file. */
  | { readonly kind: 'profile'; readonly path: string; readonly profile: SeccompProfile }
  /** Everything but what would reach out of the sandbox: keyrings, and typing into a shared terminal. */
  | { readonly kind: 'unconfined' };

/** How closely a command is held: what a profile (`--profile`) decides, options added. */
export interface Security {
  /** Name of the profile it came from. */
  readonly profile: string;
  readonly seccomp: SeccompChoice;
  /** Programs of the processor's 32-bit mode: i386 on x86_64, arm on aarch64. */
  readonly foreignCalls: 'allowed' | 'refused';
  /** Landlock, as much of it as the kernel has. */
  readonly landlock: boolean;
  /** Ports that may be connected to and listened on over TCP; undefined: all. Landlock's network rules. */
  readonly connectTcp?: readonly number[];
  readonly bindTcp?: readonly number[];
  /** Whether user namespaces can be made inside. */
  readonly userNamespaces: 'allowed' | 'refused';
  /** `own`: a session without the user's controlling terminal; where a stream is a terminal, a pseudo-terminal. */
  readonly session: 'shared' | 'own';
  readonly capabilities: { readonly add: readonly Capability[]; readonly drop: readonly Capability[] };
}

/** What a sandbox may use of the machine. */
export interface Limits extends GroupLimits {
  /** `required`: without control groups it is an error; `bestEffort`: it goes on without. */
  readonly enforcement: 'required' | 'bestEffort';
}

/** `--ulimit NAME=SOFT[:HARD]`: setrlimit(2); -1: unlimited. */
export interface ResourceLimit {
  /** Without RLIMIT_, in capitals: `NOFILE`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** Whether the sandbox outlives its command. */
export type Lifetime =
  /** `run`: gone with its command. */
  | { readonly kind: 'ephemeral' }
  /** `shell NAME`: changes stay, opened again next time. */
  | { readonly kind: 'named'; readonly name: string }
  /** A step of a project: whoever runs it has made the directory `name`, and takes the changes out of it. */
  | { readonly kind: 'build'; readonly name: string };

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
  readonly devices: readonly Device[];
  readonly secrets: readonly Secret[];
  readonly security: Security;
  /** Undefined: no control group of its own is wished for. */
  readonly limits?: Limits;
  readonly resourceLimits: readonly ResourceLimit[];
  /**
   * What is written down while it runs, to `audit` in its directory (src/audit): the system calls that are refused, or also
   * the files and addresses that are asked for, or also which calls are made at all. It slows the command down.
   */
  readonly audit?: AuditDepth;
  /** Seconds after which the sandbox is ended. */
  readonly timeout?: number;
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
