import type { Capability } from '../linux/constants/capability.ts';

/**
 * The vocabulary of the plan: one flat, ordered, serialisable list of operations says everything that happens between
 * the request and the running command. Three processes execute it one after the other:
 *
 * - the *monitor*, outside, up to and including `createNamespaces`;
 * - the *init*, pid 1 inside, up to and including `startCommand`;
 * - the *command's process*, to its `execute`.
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

export type SetupOp =
  // By the monitor.
  /** Whoever started the launcher sees it end at once: it goes on as nobody's child, and leaves no zombie to anybody. */
  | { readonly op: 'detach' }
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
    }
  /** A file that the sandbox's directory keeps, with this content, over `target`. */
  | { readonly op: 'bindContent'; readonly name: string; readonly content: string; readonly target: string }
  | { readonly op: 'writeFile'; readonly path: string; readonly content: string }
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
  | { readonly op: 'standardInputNull' }
  | { readonly op: 'changeDirectory'; readonly path: string; readonly fallback?: string }
  /** A user namespace inside the user namespace, which shows the current id as another. */
  | { readonly op: 'nestedUser'; readonly uid: IdMapEntry; readonly gid: IdMapEntry }
  | { readonly op: 'setUser'; readonly uid: number; readonly gid: number }
  | { readonly op: 'dropCapabilities'; readonly keep: readonly Capability[] }
  | { readonly op: 'noNewPrivileges' }
  /** A classic BPF filter: struct sock_filter entries as [code, jt, jf, k]. */
  | {
      readonly op: 'seccomp';
      readonly purpose: string;
      readonly filter: ReadonlyArray<readonly [number, number, number, number]>;
    }
  | { readonly op: 'resetSignals' }
  | { readonly op: 'closeDescriptors' }
  | {
      readonly op: 'execute';
      readonly command: readonly string[];
      /** Absolute paths to try in order; one where the command has a slash. */
      readonly candidates: readonly string[];
      readonly environment: ReadonlyArray<readonly [name: string, value: string]>;
    };

/** A hundred layers are not named one by one. */
function describeLayers(lower: readonly string[]): string {
  const [uppermost = ''] = lower;
  return lower.length <= 2 ? lower.join(':') : `${uppermost} and ${lower.length - 1} layers below it`;
}

/** A sentence fragment that says what an operation does, for errors and listings: `mount the overlay on /usr`. */
export function describeOperation(operation: SetupOp): string {
  switch (operation.op) {
    case 'enterSandboxDirectory':
      return operation.sandbox.kind === 'named'
        ? `open the sandbox ${operation.sandbox.name} in ${operation.store}`
        : `make a sandbox in ${operation.store}`;
    case 'makeSandboxDirectories':
      return 'make the directories of the sandbox';
    case 'detach':
      return 'go on by itself';
    case 'createNamespaces':
      return `create the namespaces ${operation.namespaces.join(', ')}`;
    case 'joinNamespaces':
      return 'enter the running sandbox';
    case 'dieWithMonitor':
      return 'tie the sandbox to its monitor';
    case 'isolateMounts':
      return "cut the mounts off from the host's";
    case 'mountRootMemory':
      return 'mount a root file system in memory';
    case 'mountRootDirectory':
      return `mount ${operation.source} as the root file system`;
    case 'mountRootOverlay':
      return `mount the overlay over ${describeLayers(operation.layers.lower)} as the root file system`;
    case 'mountRootFuseOverlay':
      return `mount the overlay over ${describeLayers(operation.layers.lower)} as the root file system with ${operation.program}`;
    case 'copyLayers':
      return `copy ${describeLayers(operation.lower)}`;
    case 'makeDirectory':
    case 'makeFile':
    case 'makeSymlink':
      return `make ${operation.path}`;
    case 'overlay':
      return `mount the overlay on ${operation.target}`;
    case 'fuseOverlay':
      return `mount the overlay on ${operation.target} with ${operation.program}`;
    case 'bind':
      return `mount ${operation.source} on ${operation.target}${operation.attributes.readOnly ? ' read-only' : ''}`;
    case 'bindContent':
      return `put a generated file on ${operation.target}`;
    case 'writeFile':
      return `write ${operation.path}`;
    case 'memory':
      return `mount a file system in memory on ${operation.target}`;
    case 'proc':
    case 'sysfs':
    case 'devpts':
      return `mount ${operation.op} on ${operation.target}`;
    case 'messageQueues':
      return `mount the message queues on ${operation.target}`;
    case 'controlGroups':
      return `mount the control groups on ${operation.target}`;
    case 'mask':
      return `hide ${operation.path}`;
    case 'readOnlyPath':
      return `make ${operation.path} read-only`;
    case 'loopbackUp':
      return 'bring the loopback interface up';
    case 'hostname':
      return `set the host name ${operation.name}`;
    case 'ownTerminal':
      return 'open a pseudo-terminal';
    case 'readOnlyRoot':
      return 'make the root file system read-only';
    case 'pivotRoot':
      return 'change to the new root file system';
    case 'startCommand':
      return "start the command's process";
    case 'removeTree':
      return `remove ${operation.path}`;
    case 'finish':
      return 'end';
    case 'takeTerminal':
      return 'take the pseudo-terminal';
    case 'standardInputNull':
      return 'give the command an empty standard input';
    case 'changeDirectory':
      return `change to the directory ${operation.path}`;
    case 'nestedUser':
      return `show the user as ${operation.uid.inside}:${operation.gid.inside}`;
    case 'setUser':
      return `become ${operation.uid}:${operation.gid}`;
    case 'dropCapabilities':
      return `keep ${operation.keep.length} capabilities`;
    case 'noNewPrivileges':
      return 'forbid new privileges';
    case 'seccomp':
      return `install the system call filter: ${operation.purpose}`;
    case 'resetSignals':
      return 'reset the signals';
    case 'closeDescriptors':
      return 'close other descriptors';
    case 'execute':
      return `execute ${operation.command[0]}`;
  }
}
