import { LOCAL_FILE, PROJECT_FILE } from '../find.ts';
import { readProjectFile } from '../project-file.ts';

/**
 * Takes the bytes of sandbox.toml, and of sandbox.local.toml where there is one, and gives what `sandbox trust` is given for, in
 * hexadecimal digits (Project.digest): with the lengths, so that nothing can be moved from one file to the other.
 */
export function digestOfFiles(contents: readonly Uint8Array[]): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  for (const bytes of contents) hash.update(`${bytes.length}\n`).update(bytes);
  return hash.digest('hex');
}

/** The same of a project's directory, as its files are now; undefined where it is none. Throws a ProjectError. */
export function digestOfProject(directory: string): string | undefined {
  const main = readProjectFile(`${directory}/${PROJECT_FILE}`);
  const local = readProjectFile(`${directory}/${LOCAL_FILE}`);
  return main && digestOfFiles(local === undefined ? [main] : [main, local]);
}
