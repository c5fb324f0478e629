import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { makeDirectory } from '../linux/make-directory.ts';
import { fsPath } from '../linux/paths.ts';
import { asidePath } from './aside.ts';
import { fnv64 } from './layers.ts';

/*
 * $STORE/projects/ID/          what is remembered of a project; ID: of its directory's path
 *   path                       that path
 *   ENVIRONMENT.json           what the environment was when it was built last (project/record.ts)
 *   lock                       held by who builds
 *   .writing                   held by who changes sandbox.toml or sandbox.lock (project/lock/writing.ts)
 *   bin/                       its shims, once more: what `sandbox hook` puts on PATH
 *   logs/                      of steps and services
 *   inputs/                    copies for `sandbox shell --at-step`
 *   shims/ENVIRONMENT.json     which shims it has (project/shim/record.ts)
 *   outline                    what a completion and `sandbox NAME` ask of the files
 *   .inputs.json               digests of inputs
 *   .services.json, .services.lock, .services.users, .services.sock   of `sandbox up`
 * No environment's name begins with a dot.
 */

/** Gives the id of a project's directory: of a fixed length, safe as a file's name and in a sandbox's. */
export function projectId(directory: string): string {
  return fnv64(directory);
}

/** Gives where things of a project are remembered. */
export function projectPath(store: string, directory: string): string {
  return `${store}/projects/${projectId(directory)}`;
}

/** The same, and makes it. */
export function ensureProjectPath(store: string, directory: string): string {
  const path = projectPath(store, directory);
  makeDirectory(path);
  const file = `${path}/path`;
  try {
    if (readFileSync(file, 'utf8') === directory) return path;
  } catch {
    // Not there yet.
  }
  writeAside(file, directory);
  return path;
}

/** Takes a name in that directory, or in its shims/; gives whether it is the file of an environment. */
export function isEnvironmentFile(name: string): boolean {
  return name.endsWith('.json') && !name.startsWith('.');
}

/** Replaces a small file in one go. What a power cut takes is made again. */
export function writeAside(path: string, content: string): void {
  const aside = asidePath(path);
  writeFileSync(fsPath(aside), content, { mode: 0o600 });
  renameSync(fsPath(aside), fsPath(path));
}
