import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Environment } from '../../config/config.ts';
import { configHome } from '../../config/load.ts';
import { canonicalRegistry } from '../../config/registry-name.ts';
import { ImageError } from '../error.ts';

/*
 * Files of credentials: containers-auth.json(5), and docker's config.json, which has the same members:
 *   { "auths": { "quay.io/team": { "auth": "BASE64 of NAME:PASSWORD", "identitytoken": "…" } },
 *     "credHelpers": { "REGISTRY": "NAME of a program docker-credential-NAME" }, "credsStore": "NAME" }
 */

export interface AuthFile {
  readonly path: string;
  /** Every member, those that we do not know included: they are kept when the file is written. */
  readonly members: Readonly<Record<string, unknown>>;
}

export type Entry = { readonly auth?: unknown; readonly identitytoken?: unknown };

const MOST_BYTES = 4 * 1024 * 1024;

/** Where `sandbox login` writes, and the first place where credentials are looked for. */
export function authFilePath(environment: Environment): string {
  const { REGISTRY_AUTH_FILE: chosen, XDG_RUNTIME_DIR: runtime } = environment;
  if (chosen !== undefined && chosen !== '') return chosen;
  if (runtime?.startsWith('/')) return `${runtime}/containers/auth.json`;
  const directory = `/run/containers/${process.getuid?.() ?? 0}`;
  // Without a login session: what podman uses if somebody made it, or else the file that lasts.
  return existsSync(directory) ? `${directory}/auth.json` : `${configHome(environment)}/containers/auth.json`;
}

export function dockerConfigPath(environment: Environment): string {
  return `${environment.DOCKER_CONFIG || `${environment.HOME || homedir()}/.docker`}/config.json`;
}

/** Gives the files in which credentials are looked for, in order; `$REGISTRY_AUTH_FILE` stands for all of them. */
export function authFilePaths(environment: Environment): readonly string[] {
  const first = authFilePath(environment);
  if (environment.REGISTRY_AUTH_FILE) return [first];
  return [...new Set([first, `${configHome(environment)}/containers/auth.json`, dockerConfigPath(environment)])];
}

function unreadable(path: string, why: string, hint: string): ImageError {
  // Without the parser's words, which may quote the secrets.
  return new ImageError('CREDENTIALS', `the credentials in ${path} cannot be read: ${why}`, { hint });
}

/** Reads a file of credentials; undefined where there is none. Throws an ImageError 'CREDENTIALS'. */
export function readAuthFile(path: string): AuthFile | undefined {
  let text: string;
  try {
    if (statSync(path).size > MOST_BYTES) throw unreadable(path, 'it is too long', 'move it away');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof ImageError) throw error;
    throw unreadable(path, String(code), 'make it yours and readable, or name another file in REGISTRY_AUTH_FILE');
  }
  if (text.trim() === '') return { path, members: {} };
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    throw unreadable(path, 'it is no JSON', 'correct it, or move it away and log in again');
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    throw unreadable(path, 'it is no JSON object', 'move it away and log in again');
  }
  return { path, members: members as Readonly<Record<string, unknown>> };
}

function tableOf(file: AuthFile, member: string): ReadonlyArray<readonly [string, unknown]> {
  const value = file.members[member];
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** Gives the registry or repository that a key means: docker writes some as URLs (`https://index.docker.io/v1/`). */
export function normalKey(unsafeKey: string): string {
  const isUrl = /^https?:\/\//.test(unsafeKey);
  const [host = '', ...path] = unsafeKey.replace(/^https?:\/\//, '').split('/');
  const registry = canonicalRegistry(host);
  return isUrl || path.length === 0 ? registry : [registry, ...path].join('/');
}

/** Gives the entries of the file for a key, as they are written there. */
export function entriesFor(file: AuthFile, key: string): ReadonlyArray<readonly [key: string, entry: Entry]> {
  return tableOf(file, 'auths').flatMap(([unsafeKey, value]) =>
    normalKey(unsafeKey) === key && typeof value === 'object' && value !== null ? [[unsafeKey, value as Entry]] : [],
  );
}

/** Gives the name of the program that keeps the credentials of a registry, if the file says that one does. */
export function helperFor(file: AuthFile, registry: string): string | undefined {
  const [, helper] = tableOf(file, 'credHelpers').find(([key]) => normalKey(key) === registry) ?? [];
  if (typeof helper === 'string') return helper;
  const { credsStore } = file.members;
  return typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined;
}
