import type { Volume } from '../../plan/spec.ts';
import type { CacheUse, Variable } from '../model.ts';

/** What it takes to show caches inside. */
export interface CacheParts {
  readonly volumes: readonly Volume[];
  readonly variables: readonly Variable[];
}

/** Whose caches they are. */
export interface CacheOwner {
  readonly store: string;
  /** Absolute path of the project. */
  readonly directory: string;
  /** Projects that are trusted share their caches; any other has its own, in which it can poison nothing but itself. */
  readonly shared: boolean;
}

/** Makes the directories of caches, unless they are there, and says where they are seen inside. Throws a StoreError. */
export function cacheParts(_uses: readonly CacheUse[], _owner: CacheOwner): CacheParts {
  return { volumes: [], variables: [] };
}
