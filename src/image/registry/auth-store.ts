import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Environment } from '../../config/config.ts';
import { DEFAULT_REGISTRY } from '../../config/registry-name.ts';
import { fsyncDirectory } from '../../linux/sync.ts';
import { ImageError } from '../error.ts';
import { type AuthFile, authFilePaths, dockerConfigPath, entriesFor, helperFor, readAuthFile } from './auth-file.ts';
import { eraseWithHelper, HelperFailure, storeWithHelper } from './credential-helper.ts';
import type { LoginTarget } from './login.ts';

/** The key under which docker looks for its own registry. */
const DOCKER_KEY = 'https://index.docker.io/v1/';

function failed(path: string, cause: unknown): ImageError {
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : '';
  return new ImageError('CREDENTIALS', `the credentials in ${path} cannot be written${code}`, {
    hint: 'name another file with --authfile or REGISTRY_AUTH_FILE',
    cause,
  });
}

/** The file that a path leads to: a symlink stays one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Replaces the file at once: it is never there half, and only its owner can read it. */
function write(unresolved: string, members: AuthFile['members']): void {
  const path = realPath(unresolved);
  const aside = `${dirname(path)}/.${basename(path)}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rmSync(aside, { force: true });
    const descriptor = openSync(aside, 'wx', 0o600);
    try {
      writeSync(descriptor, `${JSON.stringify(members, undefined, '\t')}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, path);
    fsyncDirectory(dirname(path));
  } catch (cause) {
    rmSync(aside, { force: true });
    throw failed(path, cause);
  }
}

function withAuths(file: AuthFile, auths: Readonly<Record<string, unknown>>): AuthFile['members'] {
  return { ...file.members, auths };
}

function authsOf({ members: { auths } }: AuthFile): Readonly<Record<string, unknown>> {
  return typeof auths === 'object' && auths !== null ? (auths as Readonly<Record<string, unknown>>) : {};
}

function asImageError(error: unknown, path: string): unknown {
  if (!(error instanceof HelperFailure)) return error;
  return new ImageError('CREDENTIALS', error.message, { hint: `${path} says that it keeps the credentials` });
}

/**
 * Keeps a login in the file at `path`, or with the program that the file names for the registry; gives where it is now.
 * Throws an ImageError 'CREDENTIALS'.
 */
export async function storeLogin(
  path: string,
  { registry, key }: LoginTarget,
  login: { readonly username: string; readonly password: string },
  environment: Environment,
): Promise<string> {
  const file = readAuthFile(path) ?? { path, members: {} };
  const helper = helperFor(file, registry);
  if (helper !== undefined && key === registry) {
    try {
      await storeWithHelper(helper, registry, login, environment);
    } catch (error) {
      throw asImageError(error, path);
    }
    return `docker-credential-${helper}`;
  }
  const existing = entriesFor(file, key).map(([written]) => written);
  const usual = key === DEFAULT_REGISTRY && path === dockerConfigPath(environment) ? DOCKER_KEY : key;
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const others = Object.entries(authsOf(file)).filter(([written]) => !existing.includes(written));
  write(path, withAuths(file, Object.fromEntries([...others, [existing[0] ?? usual, { auth }]])));
  return realPath(path);
}

/** Forgets a login in the file at `path` and the program that it names; gives whether there was one. */
export async function removeLogin(path: string, target: LoginTarget, environment: Environment): Promise<boolean> {
  const file = readAuthFile(path);
  if (file === undefined) return false;
  const existing = entriesFor(file, target.key).map(([written]) => written);
  const helper = target.key === target.registry ? helperFor(file, target.registry) : undefined;
  let erased = false;
  if (helper !== undefined) {
    try {
      await eraseWithHelper(helper, target.registry, environment);
      erased = true;
    } catch (error) {
      // Programs fail too where they have nothing of that name.
      if (existing.length === 0) throw asImageError(error, path);
    }
  }
  if (existing.length === 0) return erased;
  const others = Object.entries(authsOf(file)).filter(([written]) => !existing.includes(written));
  write(path, withAuths(file, Object.fromEntries(others)));
  return true;
}

/** Forgets every login in the file at `path`; gives the keys that it had. What programs keep stays. */
export function removeAllLogins(path: string): readonly string[] {
  const file = readAuthFile(path);
  const keys = file === undefined ? [] : Object.keys(authsOf(file));
  if (file !== undefined && keys.length > 0) write(path, withAuths(file, {}));
  return keys;
}

/** The other files in which there still are credentials for the target. */
export function otherLogins(path: string, { key, registry }: LoginTarget, environment: Environment): readonly string[] {
  return authFilePaths(environment).filter((other) => {
    if (other === path) return false;
    const file = readAuthFile(other);
    return file !== undefined && (entriesFor(file, key).length > 0 || helperFor(file, registry) !== undefined);
  });
}
