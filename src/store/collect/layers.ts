import { closeSync, constants, openSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { hostSyscalls } from '../../linux/koffi-syscalls.ts';
import { makeDirectory } from '../../linux/make-directory.ts';
import { type InUse, inUse } from '../in-use.ts';
import { isSoundLayer } from '../layers.ts';
import { layersDirectory, shelf } from '../layout.ts';
import { isFree } from '../lock.ts';
import { namesIn } from './sweep.ts';

/*
 * Unpacked layers, and directories in which some were to be made.
 */

/** Directories of unpackers that are gone. */
export function staleWork(store: string): string[] {
  const parent = `${layersDirectory(store)}/.work`;
  return namesIn(parent)
    .map((name) => `${parent}/${name}`)
    .filter((path) => statSync(`${path}/lock`, { throwIfNoEntry: false }) === undefined || isFree(`${path}/lock`));
}

/** Moves something to the trash and gives where it is now. */
export function moveAway(store: string, path: string): string {
  const place = `${shelf(store, 'trash')}/${process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex')}`;
  renameSync(path, place);
  return place;
}

/** How a layer is called in .work/ while it is looked at a second time: with its key and its name behind it. */
const LEAVING = 'leaving:';

/** Puts layers back that a killed collection had taken out of their places, before it had looked a second time. */
export function putBack(store: string): void {
  const parent = `${layersDirectory(store)}/.work`;
  for (const name of namesIn(parent).filter((each) => each.startsWith(LEAVING))) {
    const path = `${layersDirectory(store)}/${name.slice(LEAVING.length).replace(':', '/')}`;
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    makeDirectory(path.slice(0, path.lastIndexOf('/')));
    renameSync(`${parent}/${name}`, path);
  }
}

/** Moves layers to the trash whose names are not marked, nor used by a sandbox, or are not of `key`; gives where they are now. */
export function sweepLayers(store: string, key: string, marked: ReadonlySet<string>): string[] {
  const leaving = new Map<string, string>();
  const used = inUse(store);
  for (const path of layerPaths(store)) {
    if (used.layers.has(`${path}/tree`)) continue;
    const [ownKey = '', name = ''] = path.split('/').slice(-2);
    if (ownKey === key && marked.has(name) && isSoundLayer(path)) continue;
    const place = `${layersDirectory(store)}/.work/${LEAVING}${ownKey}:${name}`;
    renameSync(path, place);
    leaving.set(path, place);
  }
  giveBack(leaving, inUse(store));
  const moved = [...leaving.values()].map((place) => moveAway(store, place));
  for (const name of namesIn(layersDirectory(store)).filter((each) => each !== '.work')) {
    try {
      rmdirSync(`${layersDirectory(store)}/${name}`);
    } catch {
      // Not empty.
    }
  }
  return moved;
}

/** A sandbox that was started meanwhile stands on them. */
function giveBack(leaving: Map<string, string>, { layers, unknown }: InUse): void {
  for (const [path, place] of leaving) {
    if (unknown.length === 0 && !layers.has(`${path}/tree`)) continue;
    renameSync(place, path);
    leaving.delete(path);
  }
}

/** Gives the directories of all layers, under whatever id mapping. */
export function layerPaths(store: string): string[] {
  const directory = layersDirectory(store);
  return namesIn(directory)
    .filter((key) => key !== '.work')
    .flatMap((key) => namesIn(`${directory}/${key}`).map((hex) => `${directory}/${key}/${hex}`));
}

/** Marks that a process which was killed did not come to remove. Nobody unpacks now: what there is can be flushed. */
export function settleUnsynced(store: string): void {
  const marks = layerPaths(store)
    .map((path) => `${path}/unsynced`)
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (marks.length === 0) return;
  const file = openSync(layersDirectory(store), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    hostSyscalls().syncfs(file);
  } finally {
    closeSync(file);
  }
  for (const path of marks) if (isSoundLayer(path.slice(0, -'/unsynced'.length))) rmSync(path, { force: true });
}
