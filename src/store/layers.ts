import { readFileSync, statSync } from 'node:fs';
import { type Digest, digestParts } from './digest.ts';
import { layersDirectory } from './layout.ts';

/*
 * Read by every start of a sandbox from an image: no koffi, no crypto, two system calls a layer.
 */

interface IdEntry {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** An id mapping as far as it decides whose files are whose: launch/operations.ts, IdMapping. */
export type LayerIds =
  | { readonly kind: 'single' }
  | { readonly kind: 'helpers'; readonly uids: readonly IdEntry[]; readonly gids: readonly IdEntry[] };

/**
 * Names the mapping that a layer is unpacked with: owners are right under that one only. Layers of a user without
 * subordinate ids belong to the user altogether, whatever the id.
 */
export function layerKey(ids: LayerIds): string {
  if (ids.kind === 'single') return 'single';
  const write = (entries: readonly IdEntry[]): string =>
    entries.map(({ inside, outside, count }) => `${inside}.${outside}.${count}`).join('_');
  return `ids-${fnv64(`${write(ids.uids)}-${write(ids.gids)}`)}`;
}

/** FNV-1a, 64 bits: nobody forges mappings, and node:crypto takes 5 ms to load. */
export function fnv64(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++) {
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, '0');
}

let boot: string | undefined;

/** Gives what the kernel calls itself since it was started: random(4). Empty where /proc does not tell. */
export function bootId(): string {
  if (boot === undefined) {
    try {
      boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    } catch {
      boot = '';
    }
  }
  return boot;
}

/** Gives the mark of a layer whose files are perhaps not on the disk yet. `tree`: as of findLayer. */
export function unsyncedMark(tree: string): string {
  return `${tree.slice(0, tree.lastIndexOf('/'))}/unsynced`;
}

/**
 * Gives the name of a layer's directory. What depends on the layers below is named by the whole chain, and told apart: the
 * lowest layer's chain id is its diff id, but above others it would be another layer.
 */
export function layerName(of: { readonly diffId: Digest } | { readonly chainId: Digest }): string {
  return 'chainId' in of ? `chain-${digestParts(of.chainId).hex}` : digestParts(of.diffId).hex;
}

/** Gives where a layer of that name is, or would be. */
export function layerPath(store: string, key: string, name: string): string {
  return `${layersDirectory(store)}/${key}/${name}`;
}

/** Says whether a layer's directory is complete, and no power cut came before it was on the disk. */
export function isSoundLayer(path: string): boolean {
  if (statSync(`${path}/tree`, { throwIfNoEntry: false }) === undefined) return false;
  if (statSync(`${path}/unsynced`, { throwIfNoEntry: false }) === undefined) return true;
  try {
    const written = readFileSync(`${path}/unsynced`, 'latin1').trim();
    return written !== '' && written === bootId();
  } catch {
    // Removed at this moment: it is on the disk.
    return true;
  }
}

/**
 * Gives the path of a layer's tree/, which overlayfs takes as a lower directory; undefined where it is not unpacked under
 * this mapping. `chainId` names it where what it is depends on the layers below; it is only asked for then.
 */
export function findLayer(store: string, key: string, diffId: Digest, chainId: () => Digest): string | undefined {
  for (const name of [() => layerName({ diffId }), () => layerName({ chainId: chainId() })]) {
    const path = layerPath(store, key, name());
    if (isSoundLayer(path)) return `${path}/tree`;
  }
  return undefined;
}
