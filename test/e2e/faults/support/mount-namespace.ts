import { spawn } from 'node:child_process';
import { CANNOT_RUN_HERE, needs } from '../../../packages.ts';
import { environmentOf, type Result } from '../../../support/user.ts';
import type { Place } from './place.ts';

/** For a test's options: other mounts than the host's are root's to make. */
export const withMounts = {
  skip: process.getuid?.() === 0 ? needs('unshare', 'setpriv') : `${CANNOT_RUN_HERE}needs root to change mounts`,
};

/** Shell words of the account's command line, quoted. */
function asAccount({ user, env }: Place, words: readonly string[]): string {
  const variables = Object.entries(environmentOf(user, env)).map(([name, value]) => `${name}=${value}`);
  const argv = [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    'env',
    '-i',
    ...variables,
    ...words,
  ];
  return argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

/**
 * Runs `sandbox` as the account in a mount namespace of its own, which a script made what the test is about. In the
 * script `$STORE` is the directory of the store, and `$HERE` the current directory.
 */
export async function onChangedHost(where: Place, script: string, words: readonly string[]): Promise<Result> {
  const command = asAccount(where, [where.user.sandbox, ...words]);
  // The current directory is looked up again: the script may have mounted something over it.
  const whole = `set -e\n${script}\ncd "$HERE"\nexec ${command}\n`;
  const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', STORE: where.store, HERE: where.cwd };
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'bash', '-c', whole], {
    cwd: '/',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, ...output }));
  });
}
