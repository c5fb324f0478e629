import { lstatSync, mkdirSync } from 'node:fs';
import { posix } from 'node:path';
import { fsPath } from '../../linux/paths.ts';
import type { Volume } from '../../plan/spec.ts';
import { ProjectError } from '../../project/error.ts';
import type { Environment, Project } from '../../project/model.ts';
import { realHostPath } from '../spec/host-files.ts';

/** Where a project's shims lie. */
export const SHIM_DIRECTORY = '.sandbox';

/**
 * Looks up the directories of the host that an environment shows, besides the project itself. Of that the directory of the
 * shims is read-only: they run outside, so nothing inside may change them.
 */
export function projectVolumes(project: Project, environment: Environment, home: string): Volume[] {
  const { directory } = project;
  const absolute = (unsafeSource: string): string =>
    unsafeSource.startsWith('~/') ? `${home}${unsafeSource.slice(1)}` : posix.resolve(directory, unsafeSource);
  const volumes = environment.volumes.map(({ unsafeSource, destination, access }) => ({
    source: realHostPath('volumes', absolute(unsafeSource), () => directory),
    destination,
    access,
  }));
  const shims = ensureShimDirectory(directory);
  return [...volumes, { source: shims, destination: shims, access: 'ro' }];
}

/** It is there before anything runs inside, which could make one of its own otherwise. Throws a ProjectError. */
export function ensureShimDirectory(directory: string): string {
  const path = `${directory}/${SHIM_DIRECTORY}`;
  const about = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (about === undefined) mkdirSync(fsPath(path), { mode: 0o755 });
  else if (!about.isDirectory()) {
    throw new ProjectError('SHIM', `${path} is no directory: the project's shims are to lie there`, {
      hint: 'move it away',
    });
  }
  return path;
}
