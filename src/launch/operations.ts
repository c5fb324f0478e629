import type { AuditDepth } from '../linux/audit-log.ts';
import type { Capability } from '../linux/constants/capability.ts';

/**
 * The vocabulary of the plan: one flat, ordered, serialisable list of operations says everything that happens between
 * the request and the running command. Three processes execute it one after the other:
 *
 * - the *monitor*, outside, up to and including `createNamespaces`;
 * - the *init*, pid 1 inside, up to and including `startCommand`;
 * - the *command's process*, to its `execute`, or to `hold`.
 *
 * Paths called `target` or `path` are absolute inside the new root and resolved beneath it, symbolic links included.
 * Paths called `source` or `lower` are the host's; relative ones lie in the sandbox's own directory of the store.
 */

export type NamespaceKind = 'user' | 'mount' | 'pid' | 'ipc' | 'uts' | 'cgroup' | 'network';

/** `count` ids from `inside` are the host's from `outside`; user_namespaces(7). */
export interface IdMapEntry {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export type IdMapping =
  /** One id, which an ordinary process may map itself. */
  | { readonly kind: 'single'; readonly uid: IdMapEntry; readonly gid: IdMapEntry }
  /** Many, through the set-uid programs of shadow. */
  | {
      readonly kind: 'helpers';
      readonly newuidmap: string;
      readonly newgidmap: string;
      readonly uids: readonly IdMapEntry[];
      readonly gids: readonly IdMapEntry[];
    };

/** Attributes of a mount; mount_setattr(2). */
export interface MountAttributes {
  readonly readOnly?: boolean;
  readonly noSuid?: boolean;
  readonly noDev?: boolean;
  readonly noExec?: boolean;
}

/** As many lower directories as the kernel takes: OVL_MAX_STACK in fs/overlayfs/ovl_entry.h. */
export const MOST_LAYERS = 500;

/** Directories of an overlay; lower ones from the uppermost down, 1 to MOST_LAYERS of them. */
export interface OverlayLayers {
  readonly lower: readonly string[];
  /** Without it the overlay is read-only. */
  readonly upper?: { readonly directory: string; readonly work: string };
  /** Nothing is synced: for sandboxes that do not outlive their command. */
  readonly volatile: boolean;
}

/** Which entry of the store is the sandbox's directory. */
export type SandboxDirectory =
  /** A new one with a name of its own each time the launcher runs, removed at the end. */
  | { readonly kind: 'generated' }
  /** One that exists. */
  | { readonly kind: 'named'; readonly name: string };

/** setrlimit(2); -1: unlimited. */
export interface ResourceLimitChange {
  /** Without RLIMIT_: `NOFILE`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** What a process can still reach once landlock(7) holds it, besides what is open. */
export interface LandlockRules {
  /**
   * Absolute paths inside and what may be done beneath them: everything but devices' own requests (`all`), the same and
   * those (`devices`), reading and executing (`read`). A path that is missing is passed over.
   */
  readonly paths: ReadonlyArray<{ readonly path: string; readonly access: 'all' | 'devices' | 'read' }>;
  /** Ports that may be connected to and listened on; undefined: any. */
  readonly connectTcp?: readonly number[];
  readonly bindTcp?: readonly number[];
  /** No abstract sockets of, and no signals to, processes that are not held by it. */
  readonly scoped: boolean;
}

/** What a file was like: `INODE SIZE MTIME CTIME MODE` of lstat(2), times in nanoseconds; empty where there was nothing. */
export interface FileState {
  readonly path: string;
  readonly state: string;
}

/** Why a launcher leaves the work to another program. */
export type HandOverReason =
  | { readonly kind: 'always' }
  /** One of the files is not as it was, one of the paths is gone, or `program` was replaced (and not: removed). */
  | {
      readonly kind: 'changed';
      readonly files: readonly FileState[];
      readonly paths: readonly string[];
      readonly program?: FileState;
    }
  /** Standard input, output and error are all terminals. */
  | { readonly kind: 'onTerminal' }
  /** The sandbox with this directory in the store runs; the pid of its init is an argument after the words. */
  | { readonly kind: 'running'; readonly directory: string };

/** Variables that are looked up in the launcher's own environment, each time it runs. */
export interface InheritedVariables {
  /** In place of the fixed ones of these names. */
  readonly names: readonly string[];
  /** All that begin so (`LC_`) and are not among the fixed ones; at most 64. */
  readonly prefixes: readonly string[];
  /** One that there is if the launcher's own locale is one of UTF-8. */
  readonly locale?: readonly [name: string, value: string];
}

export type SetupOp =
  // By the monitor.
  /**
   * For the reason `when` the launcher becomes another program instead: `to` is its absolute path and its first arguments; its
   * further ones are the launcher's own, from number `from` on (argv[0] is number 0). `otherwise` is said where that program is
   * gone. Before everything else.
   */
  | {
      readonly op: 'handOver';
      readonly when: HandOverReason;
      readonly to: readonly string[];
      readonly from: number;
      readonly otherwise: string;
    }
  /** Where the caller stands: for `enterCallersDirectory`. Before the monitor goes to the sandbox's directory. */
  | { readonly op: 'rememberDirectory' }
  /** Whoever started the launcher sees it end at once: it goes on as nobody's child, and leaves no zombie to anybody. */
  | { readonly op: 'detach' }
  /** The launcher is killed with who started it, and holds the other end of its standard input: a pipe or a socket. */
  | { readonly op: 'dieWithParent' }
  | {
      readonly op: 'enterSandboxDirectory';
      readonly store: string;
      readonly sandbox: SandboxDirectory;
      readonly spec: string;
    }
  /** Directories of the sandbox's own directory, in order, parents first. */
  | {
      readonly op: 'makeSandboxDirectories';
      readonly directories: ReadonlyArray<{ readonly path: string; readonly mode: number }>;
    }
  /**
   * The control group (v2) whose path in its file system is the launcher's argument after the others: init is created in
   * it. Its memory.events says at the end whether the kernel ended something for want of memory.
   */
  | { readonly op: 'enterControlGroup' }
  /** The file in which the auditor writes down what is asked for: linux/audit-log.ts. */
  | { readonly op: 'openAuditLog'; readonly depth: AuditDepth }
  /** After so many seconds the sandbox is killed. */
  | { readonly op: 'timeLimit'; readonly seconds: number }
  | { readonly op: 'createNamespaces'; readonly namespaces: readonly NamespaceKind[]; readonly ids: IdMapping }
  /** Instead of these: the namespaces of the init whose pid is the launcher's first argument, and its sandbox's directory. */
  | { readonly op: 'joinNamespaces'; readonly directory: string; readonly namespaces: readonly NamespaceKind[] }
  // By init.
  | { readonly op: 'dieWithMonitor' }
  | { readonly op: 'isolateMounts' }
  | { readonly op: 'mountRootMemory' }
  | { readonly op: 'mountRootDirectory'; readonly source: string }
  | { readonly op: 'mountRootOverlay'; readonly layers: OverlayLayers }
  /** The same by fuse-overlayfs(1), whose absolute path `program` is; it ends with the sandbox. */
  | { readonly op: 'mountRootFuseOverlay'; readonly program: string; readonly layers: OverlayLayers }
  /**
   * What the overlay of `lower` would show, copied to a directory of the sandbox's own, unless it is there: by `helper`, a
   * program and its first arguments, which gets `directory` and the layers besides.
   */
  | {
      readonly op: 'copyLayers';
      readonly helper: readonly string[];
      readonly lower: readonly string[];
      readonly directory: string;
      /** For a sandbox that is kept: it is on the disk before anything starts. */
      readonly sync: boolean;
    }
  | { readonly op: 'makeDirectory'; readonly path: string; readonly mode: number }
  | { readonly op: 'makeFile'; readonly path: string }
  | { readonly op: 'makeSymlink'; readonly path: string; readonly to: string }
  | {
      readonly op: 'overlay';
      readonly target: string;
      readonly layers: OverlayLayers;
      readonly attributes: MountAttributes;
    }
  | {
      readonly op: 'fuseOverlay';
      readonly program: string;
      readonly target: string;
      readonly layers: OverlayLayers;
      readonly attributes: MountAttributes;
    }
  | {
      readonly op: 'bind';
      readonly source: string;
      readonly target: string;
      readonly recursive: boolean;
      readonly attributes: MountAttributes;
      /** A missing source or a target that cannot be reached is passed over. */
      readonly optional: boolean;
      /** It is an error if a part of `source` has become a symbolic link since it was looked up. */
      readonly noLinks?: boolean;
    }
  /** A file that the sandbox's directory keeps, with this content, over `target`. */
  | { readonly op: 'bindContent'; readonly name: string; readonly content: string; readonly target: string }
  /** `mode`: 0644 unless given; `owner`: ids inside, else root's. */
  | {
      readonly op: 'writeFile';
      readonly path: string;
      readonly content: string;
      readonly mode?: number;
      readonly owner?: { readonly uid: number; readonly gid: number };
    }
  | {
      readonly op: 'memory';
      readonly target: string;
      readonly mode: number;
      readonly size?: number;
      readonly attributes: MountAttributes;
    }
  | { readonly op: 'proc'; readonly target: string }
  /** A fresh sysfs where the network namespace is ours, else the host's, both read-only. */
  | { readonly op: 'sysfs'; readonly target: string; readonly fresh: boolean }
  | { readonly op: 'devpts'; readonly target: string; readonly ttyGroup?: number }
  | { readonly op: 'messageQueues'; readonly target: string }
  | { readonly op: 'controlGroups'; readonly target: string }
  /** Hides what is there: /dev/null over a file, an empty read-only directory over a directory. Passed over where missing. */
  | { readonly op: 'mask'; readonly path: string; readonly type: 'file' | 'directory' }
  | { readonly op: 'readOnlyPath'; readonly path: string }
  | { readonly op: 'loopbackUp' }
  /** No user namespace can be made in the sandbox's: user.max_user_namespaces, sysctl/user.rst. Before /proc/sys is read-only. */
  | { readonly op: 'forbidUserNamespaces' }
  | { readonly op: 'hostname'; readonly name: string }
  | { readonly op: 'ownTerminal' }
  | { readonly op: 'readOnlyRoot' }
  | { readonly op: 'pivotRoot' }
  /** `stopSignal`: number of the signal that the command gets in place of a SIGTERM. */
  | { readonly op: 'startCommand'; readonly stopSignal?: number }
  /** A directory of the host and everything below it, by a process that may act for all ids of the namespace; ends in `finish`. */
  | { readonly op: 'removeTree'; readonly path: string }
  | { readonly op: 'finish' }
  // By the command's process.
  | { readonly op: 'takeTerminal' }
  /** setsid(2): no controlling terminal, and a process group of its own. */
  | { readonly op: 'newSession' }
  | { readonly op: 'standardInputNull' }
  | { readonly op: 'changeDirectory'; readonly path: string; readonly fallback?: string }
  /** The caller's, if it is `within` or below; else `within`, and where that is missing `fallback`. */
  | { readonly op: 'enterCallersDirectory'; readonly within: string; readonly fallback: string }
  /** A user namespace inside the user namespace, which shows the current id as another; `last`: and none inside of that. */
  | { readonly op: 'nestedUser'; readonly uid: IdMapEntry; readonly gid: IdMapEntry; readonly last?: boolean }
  | { readonly op: 'setUser'; readonly uid: number; readonly gid: number }
  | { readonly op: 'dropCapabilities'; readonly keep: readonly Capability[] }
  | { readonly op: 'noNewPrivileges' }
  /** setrlimit(2); what may not be raised is left as it is. */
  | { readonly op: 'resourceLimits'; readonly limits: readonly ResourceLimitChange[] }
  /** Root's id brings no capabilities along, for good: capabilities(7), "The securebits flags". */
  | { readonly op: 'lockSecureBits' }
  /** landlock(7), as much of it as the kernel has; nothing where it has none. */
  | { readonly op: 'landlock'; readonly rules: LandlockRules }
  /** A classic BPF filter: struct sock_filter entries as [code, jt, jf, k]. */
  | {
      readonly op: 'seccomp';
      readonly purpose: string;
      readonly filter: ReadonlyArray<readonly [number, number, number, number]>;
    }
  /** A process that answers the calls which the filter of `audit` hands to it, and writes them down. */
  | { readonly op: 'startAuditor' }
  /**
   * A filter like that of `seccomp` which hands calls to the auditor: seccomp_unotify(2). Those fail or go on as `verdicts`,
   * the filter that would be there without it, has it. `learns`: calls, by number, of which each combination of these
   * arguments is written down.
   */
  | {
      readonly op: 'audit';
      readonly purpose: string;
      readonly filter: ReadonlyArray<readonly [number, number, number, number]>;
      readonly verdicts: ReadonlyArray<readonly [number, number, number, number]>;
      readonly learns: ReadonlyArray<{ readonly number: number; readonly arguments: readonly number[] }>;
    }
  | { readonly op: 'resetSignals' }
  /** `keepsLog`: but for the audit log. */
  | { readonly op: 'closeDescriptors'; readonly keepsLog?: true }
  | {
      readonly op: 'execute';
      readonly command: readonly string[];
      /** Absolute paths to try in order; one where the command has a slash. */
      readonly candidates: readonly string[];
      readonly environment: ReadonlyArray<readonly [name: string, value: string]>;
      readonly inherited?: InheritedVariables;
      /** The launcher's own arguments from number `from` on (argv[0] is number 0) follow those of `command`. */
      readonly passArguments?: { readonly from: number };
    }
  /** Instead of a command: nothing, until SIGTERM. The sandbox is there for those who join it. */
  | { readonly op: 'hold' };
