import type { HostFacts } from '../host/facts.ts';
import type { GroundEntry } from '../host/ground.ts';
import type { RootFs, Spec } from './spec.ts';

/** The root file system, looked up. */
export type RootSource =
  /** The host's ground, and the skeleton that belongs to it. */
  | { readonly kind: 'host'; readonly ground: readonly GroundEntry[]; readonly generation: string }
  | { readonly kind: 'directory'; readonly path: string }
  | Extract<RootFs, { kind: 'image' }>;

/** How copy-on-write is made, with what is needed for it. */
export type StorageDriver =
  | { readonly kind: 'native' }
  /** `program`: absolute path of fuse-overlayfs(1). */
  | { readonly kind: 'fuse-overlayfs'; readonly program: string }
  /** `helper`: what copies layers when it is called with a target and the layers (commands/copy.ts). */
  | { readonly kind: 'copy'; readonly helper: readonly string[] };

/** Everything that the plan depends on, as data: with the same input it gives the same operations. */
export interface PlanInput {
  readonly spec: Spec;
  readonly facts: HostFacts;
  readonly root: RootSource;
  readonly driver: StorageDriver;
  /** Permission bits of the topmost directory of another root file system than the host's. */
  readonly rootMode?: number;
  /** Numbers of the user inside, names looked up. */
  readonly user: {
    readonly uid: number;
    readonly gid: number /** Itself, and not the user under its number. */;
    readonly isAccount?: true;
  };
  /** What the volumes' sources are. */
  readonly volumeTypes: ReadonlyMap<string, 'file' | 'directory'>;
  /** The host's terminal that the command inherits, if it has a path of its own: `/dev/pts/3`. */
  readonly terminalPath?: string;
  /** The host's /etc/hosts. */
  readonly hosts: string;
}

/** The path of a directory of a skeleton, from the sandbox's own directory, `$STORE/runs/ID` or `$STORE/sandboxes/NAME`. */
export function skeletonPath(generation: string, path: string): string {
  return `../../host/${generation}${path === '/' ? '' : path}`;
}
