/** What a file is. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';

/** How an entry differs from what the sandbox was opened on. `type`: it was a file of another kind. */
export type ChangeKind = 'added' | 'modified' | 'deleted' | 'type';

/** What of a modified entry differs. */
export type Aspect = 'content' | 'target' | 'mode' | 'owner' | 'xattrs';

/** A change as `sandbox diff --json` shows it. Paths are byte strings (linux/bytes.ts). */
export interface Change {
  /** Relative to the workspace, or absolute where it lies in the root file system. */
  readonly path: string;
  readonly change: ChangeKind;
  /** What it is; of what was deleted: what it was. */
  readonly kind: FileKind;
  /** What it was before its type changed. */
  readonly was?: FileKind;
  /** Bytes; of what was deleted: those that are gone, of a whole directory in all. */
  readonly size: number;
  readonly oldSize?: number;
  /** Files that went with a directory. */
  readonly files?: number;
  readonly aspects: readonly Aspect[];
  /** Permission bits, set-user-id and the like included. */
  readonly mode: number;
  readonly oldMode?: number;
  /** Target of a symbolic link. */
  readonly target?: string;
  /** Why somebody should look at it twice. */
  readonly warnings: readonly string[];
  /** Why it cannot be applied. */
  readonly refusal?: string;
}

/** One overlay (or none) of a sandbox: where its changes are, and what they lie on. Paths are absolute byte strings. */
export interface Part {
  /** The upper directory. */
  readonly upper: string;
  /** What was below it, uppermost first. */
  readonly lowers: readonly string[];
  /** The directory of the host that its changes are applied to; undefined: nowhere. */
  readonly host?: string;
  /** The host's directory is the lowest of `lowers`. */
  readonly hostIsLower: boolean;
  /** What paths are shown with in front: empty for the workspace, else absolute. */
  readonly place: string;
  /** Owners say something here: those of another root file system's files, and of a workspace. */
  readonly hasOwners: boolean;
  /** Places below that this program makes itself to mount on: no changes as long as they are empty. */
  readonly ownPlaces: readonly string[];
}

interface Target {
  readonly parts: readonly Part[];
  /** Paths and patterns; empty: everything. */
  readonly patterns: readonly string[];
}

/** What is done on the other side of the user namespace (serve.ts), as JSON. */
export type ReviewRequest =
  | ({ readonly action: 'list' } & Target)
  | ({ readonly action: 'patch' } & Target)
  | ({
      readonly action: 'apply';
      readonly directory: string;
      /** Of temporary files: a name that nobody inside could know. */
      readonly token: string;
      readonly force: boolean;
      readonly dryRun: boolean;
    } & Target)
  | ({ readonly action: 'discard'; readonly directory: string } & Target);

/** A path and why it was not applied, or why it cannot be. */
export interface Obstacle {
  readonly path: string;
  readonly reason: string;
}

export interface Applied {
  readonly applied: readonly Change[];
  /** Still to be reviewed: what could not be applied. */
  readonly left: readonly Obstacle[];
  /** Applied, but not in full: set-uid bits, owners. */
  readonly notes: readonly Obstacle[];
}

export interface Patch {
  readonly path: string;
  /** Unified, a byte string; or a sentence instead. */
  readonly text: string;
  readonly isBinary: boolean;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
}

export type ReviewAnswer =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'patches'; readonly patches: readonly Patch[] }
  | { readonly kind: 'applied'; readonly result: Applied }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly Obstacle[] }
  | { readonly kind: 'discarded'; readonly paths: readonly string[] }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
    };
