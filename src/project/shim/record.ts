import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { makeDirectory } from '../../linux/make-directory.ts';
import { ensureProjectPath, projectPath, writeAside } from '../../store/projects.ts';
import type { ReadyEnvironment } from '../record.ts';
import type { Stamp } from '../stamp.ts';

/*
 * $STORE/projects/ID/shims/ENVIRONMENT.json   which shims an environment has, and what it was when they were made
 * $STORE/projects/ID/bin/NAME                 the shims
 * $STORE/projects/ID/join/NAME                launchers that they become while the environment's services run
 */

export interface ShimRecord {
  readonly version: 1;
  readonly names: readonly string[];
  /** Of the contents of the project's files and the lock: contents.ts. */
  readonly contents: string;
  /** The configuration's file: another one may hold the project more closely. Undefined in those of earlier versions. */
  readonly config?: Stamp;
  /** Its layers are in use: garbage collection keeps them. */
  readonly ready: ReadyEnvironment;
  /** Tree of the layer above them, where there is one: CompiledShims. */
  readonly placed?: string;
}

function placeOf(store: string, directory: string): string {
  return `${projectPath(store, directory)}/shims`;
}

/** Gives what is remembered of an environment's shims; undefined where there are none. */
export function readShims(store: string, directory: string, environment: string): ShimRecord | undefined {
  try {
    const record: ShimRecord = JSON.parse(readFileSync(`${placeOf(store, directory)}/${environment}.json`, 'utf8'));
    return record.version === 1 && record.ready.directory === directory ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Gives the records of all environments of a project that have shims, by the environment's name. */
export function readAllShims(store: string, directory: string): Map<string, ShimRecord> {
  let names: string[];
  try {
    names = readdirSync(placeOf(store, directory)).sort();
  } catch {
    return new Map();
  }
  const records = new Map<string, ShimRecord>();
  for (const name of names) {
    if (!name.endsWith('.json')) continue;
    const environment = name.slice(0, -'.json'.length);
    const record = readShims(store, directory, environment);
    if (record !== undefined) records.set(environment, record);
  }
  return records;
}

/** Remembers the shims of an environment; without any, nothing of it. */
export function writeShims(store: string, record: Omit<ShimRecord, 'version'>): void {
  const { directory, environment } = record.ready;
  ensureProjectPath(store, directory);
  const place = placeOf(store, directory);
  makeDirectory(place);
  const path = `${place}/${environment}.json`;
  if (record.names.length === 0) rmSync(path, { force: true });
  else writeAside(path, JSON.stringify({ version: 1, ...record }));
}
