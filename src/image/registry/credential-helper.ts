import { spawn } from 'node:child_process';
import type { Environment } from '../../config/config.ts';
import { DEFAULT_REGISTRY } from '../../config/registry-name.ts';
import { plainText, shownText } from '../unsafe-text.ts';
import type { Credentials } from './credentials.ts';

/*
 * docker-credential-NAME: the protocol of github.com/docker/docker-credential-helpers. `get`, `store` and `erase` are the
 * argument; the registry, or a JSON object with the credentials, comes on standard input.
 */

/** Longer than a person takes to unlock a key ring. */
const MOST_MILLISECONDS = 120_000;
const MOST_BYTES = 1024 * 1024;
/** The user name that goes with an identity token. */
const TOKEN_USER = '<token>';
/** The name docker gives its own registry there. */
const DEFAULT_SERVER = 'https://index.docker.io/v1/';

/** A program that keeps credentials failed, which is told but does not keep anybody from public images. */
export class HelperFailure extends Error {
  override readonly name = 'HelperFailure';
}

async function call(helper: string, verb: string, input: string, environment: Environment): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(helper)) {
    throw new HelperFailure(`${shownText(helper)} cannot be the name of a program for credentials`);
  }
  const program = `docker-credential-${helper}`;
  const child = spawn(program, [verb], {
    env: environment as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Not spawn's own limit: its timer would keep us waiting for a program that could not even be started.
  const limit = setTimeout(() => child.kill('SIGKILL'), MOST_MILLISECONDS);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > MOST_BYTES) child.kill('SIGKILL');
  });
  // One that does not read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    child.once('error', (error) => {
      clearTimeout(limit);
      const code = 'code' in error ? String(error.code) : error.message;
      // execvp(3) says EACCES too where a directory of PATH may not be looked into and the program is in none.
      const why =
        code === 'ENOENT'
          ? 'is not installed'
          : code === 'EACCES'
            ? 'is not installed, or may not be executed (EACCES)'
            : `cannot be started (${code})`;
      reject(new HelperFailure(`the program ${program}, which keeps the credentials, ${why}`));
    });
    child.once('close', (status, signal) => {
      clearTimeout(limit);
      if (status === 0) return resolve(output);
      const said = plainText(output, 200);
      reject(new HelperFailure(`${program} ${verb} failed (${signal ?? `status ${status}`})${said && `: ${said}`}`));
    });
  });
}

function serverNames(registry: string): readonly string[] {
  return registry === DEFAULT_REGISTRY ? [DEFAULT_SERVER, registry] : [registry];
}

/** Gives what the program keeps for a registry; undefined where it has nothing. Throws a HelperFailure. */
export async function askHelper(
  helper: string,
  registry: string,
  environment: Environment,
): Promise<Credentials | undefined> {
  for (const server of serverNames(registry)) {
    let output: string;
    try {
      output = await call(helper, 'get', `${server}\n`, environment);
    } catch (error) {
      // The protocol has no other sign for it than these words.
      if (error instanceof HelperFailure && /credentials not found/i.test(error.message)) continue;
      throw error;
    }
    const found = parseAnswer(output);
    if (found === undefined) throw new HelperFailure(`docker-credential-${helper} get gave no credentials`);
    if (found.kind === 'identity' || found.username !== '') return found;
  }
  return undefined;
}

function parseAnswer(output: string): Credentials | undefined {
  try {
    const { Username: username, Secret: secret } = Object(JSON.parse(output)) as Record<string, unknown>;
    if (typeof username !== 'string' || typeof secret !== 'string') return undefined;
    if (username === TOKEN_USER) return { kind: 'identity', token: secret };
    return { kind: 'password', username, password: secret };
  } catch {
    return undefined;
  }
}

export async function storeWithHelper(
  helper: string,
  registry: string,
  { username, password }: { readonly username: string; readonly password: string },
  environment: Environment,
): Promise<void> {
  const [server = registry] = serverNames(registry);
  const input = JSON.stringify({ ServerURL: server, Username: username, Secret: password });
  await call(helper, 'store', input, environment);
}

export async function eraseWithHelper(helper: string, registry: string, environment: Environment): Promise<void> {
  for (const server of serverNames(registry)) await call(helper, 'erase', `${server}\n`, environment);
}
