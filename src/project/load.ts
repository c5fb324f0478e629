import { ProjectError } from './error.ts';
import type { Project } from './model.ts';

/**
 * Reads sandbox.toml of a directory, and sandbox.local.toml over it. Throws a ProjectError that names file, line and column of
 * what is no TOML, an unknown key, a value that does not do, and of cycles.
 */
export async function loadProject(directory: string): Promise<Project> {
  throw new ProjectError('NO_PROJECT', `not there yet: ${directory}`);
}
