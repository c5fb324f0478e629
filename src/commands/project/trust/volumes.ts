import { lstatSync, mkdirSync } from 'node:fs';
import { fsPath } from '../../../linux/paths.ts';
import type { Volume } from '../../../plan/spec.ts';
import { ProjectError } from '../../../project/error.ts';
import type { Environment, Project } from '../../../project/model.ts';
import { isTrusted } from '../../../project/trust/record.ts';
import { absoluteSource, demandOfPath, isOutside } from '../../../project/trust/trust.ts';
import { realHostPath } from '../../spec/host-files.ts';
import type { Owner } from './demands.ts';
import { untrusted } from './expect-trust.ts';

/** Where a project's shims lie. */
export const SHIM_DIRECTORY = '.sandbox';

/**
 * Looks up the directories of the host that an environment shows, besides the project itself. Of that the directory of the
 * shims is read-only wherever it is seen: they run outside, so nothing inside may change them. Throws a UsageError for what is
 * not there, and a ProjectError: what is looked up now may not be what trust was given for, if something that runs in the
 * project has put a link in its place since.
 */
export function projectVolumes(
  project: Pick<Project, 'directory' | 'digest'>,
  environment: Pick<Environment, 'volumes'>,
  { store, home }: Owner,
): Volume[] {
  const { directory, digest } = project;
  const shims = ensureShimDirectory(directory);
  const volumes = environment.volumes.map(({ unsafeSource, destination, access }): Volume => {
    const absolute = absoluteSource(unsafeSource, { directory, home });
    return { source: realHostPath('volumes', absolute, () => directory), destination, access, noLinks: true };
  });
  const demands = volumes.filter(({ source }) => isOutside(source, directory)).map(demandOfPath);
  if (demands.length > 0 && !isTrusted(store, directory, digest, demands)) throw untrusted(directory, demands);
  if (shims === undefined) return volumes;
  const places = [shims, ...volumes.flatMap((volume) => placeWithin(volume, shims) ?? [])];
  const guarded = volumes.map((volume) =>
    isOutside(volume.source, shims) ? volume : { ...volume, access: 'ro' as const },
  );
  return [
    ...guarded,
    ...[...new Set(places)].map((destination) => ({
      source: shims,
      destination,
      access: 'ro' as const,
      noLinks: true,
    })),
  ];
}

/** Where the shims' directory is seen once more, since a volume shows what it lies in. */
function placeWithin({ source, destination }: Volume, shims: string): string | undefined {
  if (source === shims || isOutside(shims, source)) return undefined;
  return `${destination === '/' ? '' : destination}${shims.slice(source === '/' ? 0 : source.length)}`;
}

/**
 * Gives the directory of a project's shims. It is there before anything runs inside, which could make one of its own otherwise;
 * undefined where it cannot be made here, nor inside, since the file system is read-only or the directory another user's.
 * Throws a ProjectError.
 */
export function ensureShimDirectory(directory: string): string | undefined {
  const path = `${directory}/${SHIM_DIRECTORY}`;
  const found = lstatSync(fsPath(path), { throwIfNoEntry: false }) ?? make(path);
  if (found === undefined) return undefined;
  const hint = 'move it away: it is made anew';
  if (!found.isDirectory()) {
    throw new ProjectError('SHIM', `${path} is no directory: the project's shims are to lie there`, { hint });
  }
  const uid = process.getuid?.() ?? 0;
  if (found.uid === uid || found.uid === 0) return path;
  throw new ProjectError('SHIM', `${path} belongs to another user (${found.uid}): the project's shims run outside`, {
    hint,
  });
}

function make(path: string): ReturnType<typeof lstatSync> | undefined {
  try {
    mkdirSync(fsPath(path), { mode: 0o755 });
  } catch (cause) {
    const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it failed';
    if (errno === 'EROFS') return undefined;
    const above = lstatSync(fsPath(path.slice(0, path.lastIndexOf('/')) || '/'), { throwIfNoEntry: false });
    // Who owns the directory could make it writable inside.
    if (errno === 'EACCES' && above !== undefined && above.uid !== process.getuid?.()) return undefined;
    if (errno !== 'EEXIST') {
      const hint = "make the project's directory writable";
      throw new ProjectError('SHIM', `${path} cannot be made: ${errno}`, { hint, cause });
    }
  }
  return lstatSync(fsPath(path), { throwIfNoEntry: false });
}
