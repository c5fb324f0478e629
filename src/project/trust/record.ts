import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { makeDirectory } from '../../linux/make-directory.ts';
import { isEnvironmentFile, projectId, projectPath, writeAside } from '../../store/projects.ts';

/*
 * $STORE/trust/ID/DIGEST.json   what the user trusts: files of a project's directory with that digest. As with direnv, files that
 *                               say something else are others; those of another branch that were trusted once still are.
 */

/** Files that the user trusts. */
export interface Trust {
  /** Absolute real path of the project. */
  readonly directory: string;
  /** Of both files' contents: trust/digest.ts. */
  readonly digest: string;
  /** What was asked for when it was given: a link that leads elsewhere since then asks for something else. */
  readonly demands: readonly string[];
  /** ISO 8601, UTC. */
  readonly given: string;
}

function directoryOf(store: string, directory: string): string {
  return `${store}/trust/${projectId(directory)}`;
}

function read(path: string): Trust | undefined {
  try {
    const { directory, digest, demands, given }: Partial<Trust> = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof directory !== 'string' || typeof digest !== 'string' || !Array.isArray(demands)) return undefined;
    return { directory, digest, demands: demands.map(String), given: String(given) };
  } catch {
    return undefined;
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/**
 * Whether the user has trusted these very files (`digest` as of Project), with all that they ask for now: sentences as of
 * demandsOf.
 */
export function isTrusted(store: string, directory: string, digest: string, demands: readonly string[] = []): boolean {
  const trust = read(`${directoryOf(store, directory)}/${digest}.json`);
  if (trust?.directory !== directory || trust.digest !== digest) return false;
  return demands.every((demand) => trust.demands.includes(demand));
}

/** Remembers that the user trusts these files with what they ask for. Throws Node's error of a store that cannot be written. */
export function setTrusted(store: string, trust: Omit<Trust, 'given'>): void {
  const place = directoryOf(store, trust.directory);
  makeDirectory(place);
  const given = new Date().toISOString();
  writeAside(`${place}/${trust.digest}.json`, `${JSON.stringify({ ...trust, given }, null, 2)}\n`);
}

/**
 * Forgets that anything of a directory was trusted, and what was prepared with that: else its environments would start from
 * their record as before. Says whether there was any trust.
 */
export function revokeTrust(store: string, directory: string): boolean {
  const place = directoryOf(store, directory);
  const wasTrusted = names(place).length > 0;
  rmSync(place, { recursive: true, force: true });
  forgetPrepared(store, directory);
  return wasTrusted;
}

/** Removes records of environments (record.ts), and shims as far as they lie in the store. */
function forgetPrepared(store: string, directory: string): void {
  const path = projectPath(store, directory);
  for (const name of names(path)) {
    if (isEnvironmentFile(name)) rmSync(`${path}/${name}`, { force: true });
  }
  for (const name of ['bin', 'join', 'shims']) rmSync(`${path}/${name}`, { recursive: true, force: true });
}

/** Gives all that is trusted, by directory. */
export function listTrusted(store: string): Trust[] {
  const place = `${store}/trust`;
  return names(place)
    .flatMap((id) => names(`${place}/${id}`).map((name) => read(`${place}/${id}/${name}`) ?? []))
    .flat()
    .sort((a, b) => (a.directory < b.directory ? -1 : a.directory > b.directory ? 1 : a.given < b.given ? -1 : 1));
}
