import { type Digest, digestOf } from '../../store/digest.ts';
import type { CacheUse, Step } from '../model.ts';

/*
 * What a step's result depends on, as digests. Who changes what a step is run with raises the version: results of before
 * are other ones then.
 */

const VERSION = 1;

/** What of a step decides its result: neither its name nor its number. */
export type RecipeParts = Pick<Step, 'script' | 'variables' | 'caches' | 'network'>;

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names a cache: `npm`, or an absolute path. */
export function cacheName(use: CacheUse): string {
  return use.kind === 'known' ? use.name : use.path;
}

/** Gives the digest of a JSON text without a choice: only arrays, strings and numbers, in an order that is fixed here. */
function digestOfList(list: readonly unknown[]): Digest {
  return digestOf(Buffer.from(JSON.stringify(list)));
}

/**
 * Gives the digest of what is done: script, variables, caches, network, the inputs' content (undefined: it has none) and the user.
 * The order of variables and caches makes no difference, and so none here. The same on all platforms.
 */
export function recipeOf({ script, variables, caches, network }: RecipeParts, inputs: Digest | undefined): Digest {
  return digestOfList([
    'recipe',
    VERSION,
    script,
    [...variables].sort(byName).map(([name, value]) => [name, value]),
    [...new Set(caches.map(cacheName))].sort(),
    network,
    inputs ?? null,
    'root',
  ]);
}

/** What a step is built on: the image, or the step before with the result that it had. */
export type Parent =
  | { readonly kind: 'image'; readonly manifest: Digest }
  | { readonly kind: 'step'; readonly key: Digest; readonly diffId: Digest };

/**
 * Gives the digest of everything that a result depends on. The parent's result is in it besides its key: a step that gave another
 * result when it was built again must not get a child that was built on the old one.
 */
export function keyOf(parent: Parent, platform: string, recipe: Digest): Digest {
  const below = parent.kind === 'image' ? [parent.manifest] : [parent.key, parent.diffId];
  return digestOfList(['step', VERSION, parent.kind, ...below, platform, recipe]);
}
