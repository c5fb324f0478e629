import { spawn } from 'node:child_process';
import { CANNOT_RUN_HERE, needs } from '../../../packages.ts';
import { environmentOf } from '../../../support/user.ts';
import { gone, supervisors } from '../../faults/support/leftovers.ts';
import type { Place } from '../../faults/support/place.ts';

/** For a test's options: newuidmap is set-user-id, which only root may trace. */
export const traced = {
  skip:
    process.getuid?.() === 0
      ? needs('strace', 'busybox')
      : `${CANNOT_RUN_HERE}needs root to trace programs that change their user`,
};

/**
 * Runs `sandbox` as the account, and kills whichever of its processes makes the N-th of a system call, as it makes it; waits
 * until nothing of it is left.
 */
export async function killedAt(
  { user, cwd, env, store }: Place,
  [call, nth]: readonly [call: string, nth: number],
  words: readonly string[],
): Promise<{ status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }> {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
  const command = ['-u', user.name, '-f', '-qq', '-o', '/dev/null', ...inject, user.sandbox, ...words];
  const child = spawn('strace', command, {
    cwd,
    env: environmentOf(user, env),
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
  const end = await new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject).once('close', (status, signal) => resolve({ status, signal }));
  });
  await gone('what had the store open', () => supervisors(store));
  return { ...end, ...output };
}
