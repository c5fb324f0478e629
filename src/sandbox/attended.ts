import { closeSync, readFileSync } from 'node:fs';
import { launcherEnvironment, writeLauncherFile } from '../launch/run.ts';
import type { Spec } from '../plan/spec.ts';
import type { BeginProgress } from './input.ts';
import { type PreparedLauncher, prepareLauncher, type StartOptions } from './start.ts';

/** What ends a job at a terminal reaches the whole group, the launcher too, which passes it on: a shell ignores it as well. */
const OF_TERMINALS = ['SIGINT', 'SIGQUIT'] as const;
/** What somebody sends to this process is meant for the command. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** For a command that was asked to end. */
const PATIENCE_MS = 5_000;
/** For one to be stopped after a Ctrl-Z, which it may also ignore. */
const STOPPING_MS = 1_000;
const LOOK_MS = 5;

/**
 * Opens the sandbox that a spec describes, or joins it where it is open, and stays until the command has ended. Gives its exit
 * status, as `runToEnd` does. `signal` ends the command. Throws a HostError, StoreError, SandboxError or LaunchError.
 */
export async function attendSandbox(
  spec: Spec,
  beginProgress: BeginProgress,
  options: StartOptions & { readonly signal?: AbortSignal },
): Promise<number> {
  return await runToEnd(await prepareLauncher(spec, beginProgress, options), options.signal);
}

/**
 * Runs a launcher on the standard streams of this process to its end. Gives its exit status: the command's own, 128+N where
 * a signal ended it, 125 where the sandbox could not be made, which the launcher has told then. When `stop` is aborted the
 * command gets SIGTERM, and is killed with all that it has started if it does not end in time.
 */
export async function runToEnd({ elf, store, words }: PreparedLauncher, stop?: AbortSignal): Promise<number> {
  const { descriptor } = writeLauncherFile(elf, store);
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { constants } = process.getBuiltinModule('node:os');
  const ignore = (): void => {};
  const child = spawn('/proc/self/fd/3', [...words], {
    argv0: 'sandbox',
    stdio: ['inherit', 'inherit', 'inherit', descriptor],
    env: launcherEnvironment(),
  });
  closeSync(descriptor);
  const passOn = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  /** A job is stopped when all of it is: whoever continues it before would continue what stops only then. */
  let stopping: NodeJS.Timeout | undefined;
  const stopWith = (): void => {
    const begun = performance.now();
    clearInterval(stopping);
    stopping = setInterval(() => {
      const isStopped = child.pid !== undefined && isStoppedProcess(child.pid);
      if (!isStopped && performance.now() - begun < STOPPING_MS) return;
      clearInterval(stopping);
      if (isStopped) process.kill(process.pid, 'SIGSTOP');
    }, LOOK_MS);
  };
  let impatient: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill('SIGTERM');
    // One that is stopped sees the signal only when it goes on.
    child.kill('SIGCONT');
    impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  };
  for (const signal of OF_TERMINALS) process.on(signal, ignore);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  process.on('SIGTSTP', stopWith);
  stop?.addEventListener('abort', end, { once: true });
  if (stop?.aborted) end();
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    clearTimeout(impatient);
    clearInterval(stopping);
    process.off('SIGTSTP', stopWith);
    stop?.removeEventListener('abort', end);
    for (const signal of OF_TERMINALS) process.off(signal, ignore);
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}

/** proc_pid_stat(5): the state follows the name, which may have parentheses of its own. */
function isStoppedProcess(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  } catch {
    return false;
  }
}
