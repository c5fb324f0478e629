import { accessSync, constants, type Dirent, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { fromLatin1, fsPath, latin1FsPath, toLatin1 } from '../linux/paths.ts';
import { errorCode, HostError } from './error.ts';
import type { HostFacts } from './facts.ts';
import { computeGround, type DirectoryEntry, type Ground } from './ground.ts';

function accessible(path: string): boolean {
  try {
    accessSync(fsPath(path), constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function entryType(path: string, entry: Dirent): DirectoryEntry['type'] | undefined {
  if (entry.isDirectory()) return { kind: 'directory' };
  if (entry.isFile()) return { kind: 'file' };
  if (!entry.isSymbolicLink()) return { kind: 'other' };
  try {
    return { kind: 'symlink', target: fromLatin1(readlinkSync(latin1FsPath(path), 'latin1')) };
  } catch {
    return undefined; // gone since it was listed
  }
}

/**
 * Takes a directory of the host and gives its entries sorted by name, with the targets of symbolic links; undefined
 * where it cannot be read. The list is the same for the same content, so that what is derived from it is.
 */
export function readHostDirectory(path: string): readonly DirectoryEntry[] | undefined {
  let entries: Dirent[];
  try {
    entries = readdirSync(fsPath(path), { withFileTypes: true, encoding: 'latin1' });
  } catch {
    return undefined;
  }
  const base = path === '/' ? '/' : `${toLatin1(path)}/`;
  const found: DirectoryEntry[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const type = entryType(base + entry.name, entry);
    if (type !== undefined) found.push({ name: fromLatin1(entry.name), type });
  }
  return found;
}

/** Takes a path and gives where it really is, or would be: what is missing at its end is kept as it is. */
export function realLocation(path: string): string {
  let existing = path;
  for (;;) {
    try {
      const real = fromLatin1(realpathSync.native(fsPath(existing), 'latin1'));
      const missing = path.slice(existing === '/' ? 0 : existing.length);
      return real === '/' ? missing || '/' : real + missing;
    } catch (error) {
      // Anything but a missing end (a loop of links, no permission) is as good as the path itself.
      if (errorCode(error) !== 'ENOENT' || existing === '/') return path;
      existing = existing.slice(0, existing.lastIndexOf('/')) || '/';
    }
  }
}

/**
 * Takes what is known of the host and gives the ground of its `host` image. Throws a HostError when `/` cannot be
 * listed.
 */
export function hostGround(facts: Pick<HostFacts, 'mounts' | 'home' | 'store'>): Ground {
  const ground = computeGround({
    mounts: facts.mounts,
    home: realLocation(facts.home),
    store: realLocation(facts.store),
    readDirectory: readHostDirectory,
    accessible,
  });
  if (ground === undefined) {
    throw new HostError('ROOT_UNREADABLE', 'the root directory / of the host cannot be listed', {
      hint: 'use another root file system with --rootfs DIR',
    });
  }
  return ground;
}
