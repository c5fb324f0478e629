import { readFileSync } from 'node:fs';
import { ensureProjectPath, projectPath, writeAside } from '../store/projects.ts';
import { LOCAL_FILE, PROJECT_FILE } from './find.ts';
import type { Project, ProjectCommand } from './model.ts';
import { isUnchanged, type Stamp, stampOf } from './stamp.ts';

/*
 * The names in a project and its commands, in the store: as long as sandbox.toml has not changed, neither TOML nor the schema
 * is loaded to run one of them, or to complete a name.
 */

/** What of a project is looked up by name. */
export interface Outline {
  /** Absolute real path of the project. */
  readonly directory: string;
  readonly environments: readonly string[];
  readonly commands: ReadonlyMap<string, ProjectCommand>;
  readonly services: readonly string[];
}

interface OutlineRecord {
  readonly version: 1;
  /** Of the program: another one may understand the files differently. */
  readonly build: string;
  /** Milliseconds since the epoch, before anything was read. */
  readonly taken: number;
  readonly stamps: readonly Stamp[];
  readonly directory: string;
  readonly environments: readonly string[];
  readonly commands: readonly ProjectCommand[];
  readonly services: readonly string[];
}

function placeOf(store: string, directory: string): string {
  return `${projectPath(store, directory)}/outline`;
}

/** What the files of a project are like; to be looked at before they are read. */
export function projectStamps(directory: string): { readonly taken: number; readonly stamps: readonly Stamp[] } {
  const taken = Date.now();
  return { taken, stamps: [PROJECT_FILE, LOCAL_FILE].map((name) => stampOf(`${directory}/${name}`)) };
}

/** Gives the outline; undefined where the files are to be read. `build`: of this program. */
export function readOutline(store: string, directory: string, build: string): Outline | undefined {
  try {
    const record: OutlineRecord = JSON.parse(readFileSync(placeOf(store, directory), 'utf8'));
    if (record.version !== 1 || record.build !== build || record.directory !== directory) return undefined;
    if (!isUnchanged(record.stamps, record.taken)) return undefined;
    const { environments, commands, services } = record;
    return { directory, environments, commands: new Map(commands.map((each) => [each.name, each])), services };
  } catch {
    return undefined;
  }
}

/** Gives the outline of a project, and remembers it. Where nothing can be written it is read the next time, too. */
export function writeOutline(
  store: string,
  { directory, environments, commands, services }: Project,
  seen: ReturnType<typeof projectStamps> & { readonly build: string },
): Outline {
  const outline = { directory, environments: [...environments.keys()], services: [...services.keys()] };
  const record: OutlineRecord = { version: 1, ...seen, ...outline, commands: [...commands.values()] };
  try {
    ensureProjectPath(store, directory);
    writeAside(placeOf(store, directory), JSON.stringify(record));
  } catch {
    // Nothing depends on it.
  }
  return { ...outline, commands };
}
