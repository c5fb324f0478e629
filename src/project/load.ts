import { ProjectError } from './error.ts';
import { LOCAL_FILE, PROJECT_FILE } from './find.ts';
import { readCommands } from './load/commands.ts';
import { type Document, readDocument } from './load/document.ts';
import { readEnvironments } from './load/environments.ts';
import { merge } from './load/merge.ts';
import { type Problem, placeOf, problemError } from './load/problems.ts';
import { expectFreePorts, readServices } from './load/services.ts';
import type { Project } from './model.ts';
import { type Checked, checkLocal, checkProject } from './schema/check.ts';
import type { ProjectFile } from './schema/file.ts';
import { digestOfFiles } from './trust/digest.ts';

/**
 * Reads sandbox.toml of a directory (absolute, real path), and sandbox.local.toml over it. Throws a ProjectError that names file,
 * line and column of what is no TOML, an unknown key, a value that does not do, and of cycles: all of them, a line each.
 */
export async function loadProject(directory: string): Promise<Project> {
  const below = directory === '/' ? '' : directory;
  const main = readDocument(`${below}/${PROJECT_FILE}`);
  if (main === undefined) {
    throw new ProjectError('NO_PROJECT', `there is no ${PROJECT_FILE} in ${directory}`, {
      hint: '`sandbox init` writes one',
    });
  }
  const local = readDocument(`${below}/${LOCAL_FILE}`);
  const documents = local === undefined ? [main] : [main, local];
  const file = checked(main, local);
  const problems: Problem[] = [];
  const environments = readEnvironments(file, problems);
  const names = new Set(['default', ...environmentNames(file)]);
  const services = readServices(file.service, names, problems);
  const commands = readCommands(file.command, { names, services }, problems);
  expectFreePorts(services, environments, problems);
  if (problems.length > 0) throw problemError(documents, problems);
  return {
    directory,
    name: file.name ?? (directory.slice(directory.lastIndexOf('/') + 1) || 'project'),
    files: documents.map(({ path }) => path),
    digest: digestOfFiles(documents.map(({ bytes }) => bytes)),
    environments,
    commands,
    services,
    shimRefresh: file['shim-refresh'] ?? 'ask',
    place: (key) => placeOf(documents, key),
  };
}

/** Each file is right for itself; then what both say together is. */
function checked(main: Document, local: Document | undefined): ProjectFile {
  const file = expectFile([main], checkProject(main.table));
  if (local === undefined) return file;
  expectFile([local], checkLocal(local.table));
  return expectFile([main, local], checkProject(merge(main.table, local.table)));
}

function expectFile<T>(documents: readonly Document[], { file, issues }: Checked<T>): T {
  const unusable = documents.flatMap((document) => document.unusable ?? []);
  const problems = unusable.length > 0 ? unusable.map((each) => ({ ...each, rank: 1 }) as const) : issues;
  if (problems.length > 0 || file === undefined) throw problemError(documents, problems);
  return file;
}

function environmentNames({ env = {} }: ProjectFile): string[] {
  return Object.entries(env).flatMap(([name, value]) => (typeof value === 'object' ? [name] : []));
}
