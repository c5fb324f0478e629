import type { HostFacts } from '../host/facts.ts';
import type { GroundEntry } from '../host/ground.ts';
import type { Spec } from './spec.ts';

/** The root file system, looked up. */
export type RootSource =
  /** The host's ground, and the skeleton that belongs to it. */
  | { readonly kind: 'host'; readonly ground: readonly GroundEntry[]; readonly generation: string }
  | { readonly kind: 'directory'; readonly path: string };

/** Everything that the plan depends on, as data: with the same input it gives the same operations. */
export interface PlanInput {
  readonly spec: Spec;
  readonly facts: HostFacts;
  readonly root: RootSource;
  /** Numbers of the user inside, names looked up. */
  readonly user: { readonly uid: number; readonly gid: number };
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
