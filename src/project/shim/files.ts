import { existsSync, rmSync } from 'node:fs';
import { makeDirectory } from '../../linux/make-directory.ts';
import { ensureProjectPath, projectPath } from '../../store/projects.ts';
import { openOwnDirectory, replaceIn } from './directory.ts';

/** Where shims lie in a project: it is shown read-only inside, since they run outside. */
const IN_PROJECT = ['.sandbox', 'bin'] as const;
const EXECUTABLE = 0o755;

/** A program's shim: executables. */
export interface ShimFiles {
  readonly name: string;
  readonly shim: Uint8Array;
  /** What it becomes while the environment's sandbox runs; undefined: it asks the program. */
  readonly joining: Uint8Array | undefined;
}

/** Gives where the shims of a project are that `sandbox hook` puts on PATH: code in the project cannot have written them. */
export function shimPath(store: string, directory: string): string {
  return `${projectPath(store, directory)}/bin`;
}

/** Gives the path of the launcher that joins. */
export function joiningPath(store: string, directory: string, name: string): string {
  return `${projectPath(store, directory)}/join/${name}`;
}

/** Writes shims to the store and to the project's .sandbox/bin. Throws a ProjectError of code SHIM. */
export function writeShimFiles(store: string, directory: string, shims: readonly ShimFiles[]): void {
  const base = ensureProjectPath(store, directory);
  for (const name of ['bin', 'join']) makeDirectory(`${base}/${name}`);
  const [bin, join, project] = [
    openOwnDirectory(base, ['bin']),
    openOwnDirectory(base, ['join']),
    openOwnDirectory(directory, IN_PROJECT),
  ];
  try {
    for (const { name, shim, joining } of shims) {
      if (joining === undefined) rmSync(`${join.path}/${name}`, { force: true });
      else replaceIn(join, name, joining, EXECUTABLE);
      replaceIn(bin, name, shim, EXECUTABLE);
      replaceIn(project, name, shim, EXECUTABLE);
    }
    keepOutOfGit(directory);
  } finally {
    for (const each of [bin, join, project]) each.close();
  }
}

/** They are made for this machine and this user: gitignore(5). */
function keepOutOfGit(directory: string): void {
  const [name] = IN_PROJECT;
  const open = openOwnDirectory(directory, [name]);
  try {
    if (!existsSync(`${open.path}/.gitignore`)) replaceIn(open, '.gitignore', Buffer.from('*\n'), 0o644);
  } finally {
    open.close();
  }
}

/** Removes shims. What is not there is passed over. */
export function removeShimFiles(store: string, directory: string, names: readonly string[]): void {
  const base = projectPath(store, directory);
  const open = openOwnDirectory(directory, IN_PROJECT);
  try {
    for (const name of names)
      for (const path of [`${base}/bin/${name}`, `${base}/join/${name}`, `${open.path}/${name}`])
        rmSync(path, { force: true });
  } finally {
    open.close();
  }
}
