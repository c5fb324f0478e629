import type { Entry } from './compare.ts';
import { calls, kindOf, look, namesIn, openBelow, openFile, type Status } from './tree.ts';

/*
 * The forms of a layer: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", and those of
 * fuse-overlayfs(1) where it may make no device.
 */

const OPAQUE = ['user.overlay.opaque', 'user.fuseoverlayfs.opaque'] as const;
const OPAQUE_FILE = '.wh..wh..opq';
const WHITEOUT_PREFIX = '.wh.';

/** Whether a directory, open for reading, hides what is below it. */
export function isOpaqueDirectory(directory: number): boolean {
  const { files } = calls();
  const says = (name: string): boolean => {
    const value = files.fgetxattr(directory, name);
    return typeof value !== 'number' && value.toString('latin1') === 'y';
  };
  return OPAQUE.some(says) || look(directory, OPAQUE_FILE) !== undefined;
}

/** Takes the marks of an opaque directory away. */
export function makeTransparent(directory: number): void {
  const { files } = calls();
  for (const name of OPAQUE) files.fremovexattr(directory, name);
  files.unlinkat(directory, OPAQUE_FILE, 0);
}

/** Whether an entry says that what is below it is gone: a character device 0:0. */
export function isWhiteout(status: Status): boolean {
  return status.isCharacterDevice() && status.rdev === 0n;
}

/** An entry of a layer. `hides`: it is a whiteout; `stored`: its name in the layer. */
export interface LayerEntry {
  readonly name: string;
  readonly stored: string;
  readonly status: Status;
  readonly hides: boolean;
}

/** The entries of a directory of a layer, open for reading, whiteouts in all their forms under the names that they hide. */
export function entriesOf(directory: number): LayerEntry[] {
  const names = namesIn(directory);
  const isSmallWhiteout = emptyFilesHide(directory);
  return names.flatMap((stored): LayerEntry[] => {
    const status = look(directory, stored);
    if (status === undefined || stored === OPAQUE_FILE) return [];
    if (stored.startsWith(WHITEOUT_PREFIX) && status.isFile() && status.size === 0n) {
      const name = stored.slice(WHITEOUT_PREFIX.length);
      // A file that is there after all counts more than what says it is gone.
      return name === '' || names.includes(name) ? [] : [{ name, stored, status, hides: true }];
    }
    return [{ name: stored, stored, status, hides: isWhiteout(status) || isSmallWhiteout(stored, status) }];
  });
}

/** In a directory that says so ("x"), an empty file with an attribute is a whiteout. */
function emptyFilesHide(directory: number): (name: string, status: Status) => boolean {
  const { files } = calls();
  const value = files.fgetxattr(directory, 'user.overlay.opaque');
  if (typeof value === 'number' || value.toString('latin1') !== 'x') return () => false;
  return (name, status) => {
    if (!status.isFile() || status.size !== 0n) return false;
    const file = openFile(directory, name, status);
    if (file < 0) return false;
    const mark = files.fgetxattr(file, 'user.overlay.whiteout');
    files.close(file);
    return typeof mark !== 'number';
  };
}

/** What the layers below show under a name: the uppermost that has it. `layers`: directories, open for reading or to stand in. */
export function lowerEntry(layers: readonly number[], name: string): Entry | undefined {
  for (const directory of layers) {
    const status = look(directory, name);
    if (status !== undefined) return isWhiteout(status) ? undefined : { directory, name, status };
  }
  return undefined;
}

/** The layers of a directory below: those that have it, down to the first that covers the rest. To be closed by the caller. */
export function lowerDirectories(layers: readonly number[], name: string): number[] {
  const found: number[] = [];
  for (const directory of layers) {
    const status = look(directory, name);
    if (status === undefined) continue;
    if (kindOf(status) !== 'directory') break;
    const open = openBelow(directory, name, 'read');
    // One that may not be read can still be stood in.
    const usable = open >= 0 ? open : openBelow(directory, name, 'stand');
    if (usable < 0) break;
    found.push(usable);
    if (open >= 0 && isOpaqueDirectory(open)) break;
  }
  return found;
}

/** All names that the layers show; of one that may not be read nothing is known. */
export function lowerNames(layers: readonly number[]): string[] {
  const shown = new Set<string>();
  const hidden = new Set<string>();
  for (const directory of layers) {
    for (const name of namesIfReadable(directory)) {
      if (shown.has(name) || hidden.has(name)) continue;
      const status = look(directory, name);
      if (status === undefined) continue;
      (isWhiteout(status) ? hidden : shown).add(name);
    }
  }
  return [...shown].sort();
}

function namesIfReadable(directory: number): string[] {
  try {
    return namesIn(directory);
  } catch {
    return [];
  }
}
