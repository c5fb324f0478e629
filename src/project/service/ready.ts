import { closeSync, constants, openSync } from 'node:fs';
import { hostArch } from '../../linux/arch.ts';
import { OPEN, RESOLVE } from '../../linux/constants/open.ts';
import { LinuxError } from '../../linux/errno.ts';
import { hostSyscalls } from '../../linux/koffi-syscalls.ts';
import type { Ready } from '../model.ts';
import { untilAnswered } from './answer.ts';
import type { JoiningLauncher } from './box.ts';
import { isListening } from './listening.ts';

/** Where a service runs that is to get ready. */
export interface ReadyPlace {
  /** Pid of the init of its sandbox. */
  readonly init: number;
  readonly network: 'none' | 'host';
  /** Whether a line of its output had the text that is waited for. */
  readonly hasLogged: () => boolean;
  /** Prepares a command in its sandbox, as the service itself would be run. */
  readonly join: (command: readonly string[]) => Promise<JoiningLauncher>;
  /** Prepares a process in its network that asks for a URL until it gets a status below 400, and ends with status 0 then. */
  readonly ask: (url: string) => Promise<JoiningLauncher>;
}

/** Milliseconds between two looks: what only reads a file, a process. */
const LOOK_MS = 25;
const COMMAND_MS = 200;

/** Waits until a check says that the service is ready. Rejects when `signal` is aborted. */
export async function untilReady(ready: Ready, place: ReadyPlace, signal: AbortSignal): Promise<void> {
  switch (ready.kind) {
    case 'tcp':
      return await untilTrue(() => isListening(place.init, ready.port), LOOK_MS, signal);
    case 'http':
      return await untilServed(ready.url, place, signal);
    case 'log':
      return await untilTrue(place.hasLogged, LOOK_MS, signal);
    case 'file':
      return await untilThere(ready.path, place, signal);
    case 'command':
      return await untilSuccess(['/bin/sh', '-c', ready.run], place, signal);
  }
}

/** What was waited for in vain, in words that follow "since". */
export function inVain(ready: Ready): string {
  switch (ready.kind) {
    case 'tcp':
      return `nothing listens on port ${ready.port}`;
    case 'http':
      return `${ready.url} gives no status below 400`;
    case 'log':
      return `no line of its output has ${JSON.stringify(ready.text)}`;
    case 'file':
      return `there is no ${ready.path} inside`;
    case 'command':
      return `this does not succeed inside: ${ready.run}`;
  }
}

async function untilTrue(
  holds: () => boolean | Promise<boolean>,
  interval: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

/** In a network of the sandbox's own, a process that is there asks, again and again until it is answered. */
async function untilServed(url: string, { network, ask }: ReadyPlace, signal: AbortSignal): Promise<void> {
  if (network === 'host') return await untilAnswered(url, signal);
  await untilEnded(await ask(url), signal);
}

/** Looked up as a process inside would; where the user may not look, a process inside does. */
async function untilThere(path: string, place: ReadyPlace, signal: AbortSignal): Promise<void> {
  const { O_PATH, O_DIRECTORY, O_CLOEXEC } = OPEN[hostArch()];
  let root: number;
  try {
    root = openSync(`/proc/${place.init}/root`, O_PATH | O_DIRECTORY | constants.O_RDONLY);
  } catch {
    return await untilSuccess(['/bin/sh', '-c', 'test -e "$0"', path], place, signal);
  }
  const how = { flags: O_PATH | O_CLOEXEC, resolve: RESOLVE.RESOLVE_IN_ROOT | RESOLVE.RESOLVE_NO_MAGICLINKS };
  let isRefused = false;
  const isThere = (): boolean => {
    try {
      closeSync(hostSyscalls().openat2(root, path, how));
      return true;
    } catch (error) {
      isRefused = error instanceof LinuxError && error.code === 'EACCES';
      return isRefused;
    }
  };
  try {
    await untilTrue(isThere, LOOK_MS, signal);
  } finally {
    closeSync(root);
  }
  if (isRefused) await untilSuccess(['/bin/sh', '-c', 'test -e "$0"', path], place, signal);
}

async function untilSuccess(command: readonly string[], { join }: ReadyPlace, signal: AbortSignal): Promise<void> {
  await untilEnded(await join(command), signal);
}

/** Starts it again and again until it ends with status 0. */
async function untilEnded(launcher: JoiningLauncher, signal: AbortSignal): Promise<void> {
  try {
    await untilTrue(async () => (await statusOf(launcher, signal)) === 0, COMMAND_MS, signal);
  } finally {
    launcher.close();
  }
}

async function statusOf(launcher: JoiningLauncher, signal: AbortSignal): Promise<number | null> {
  const child = await launcher.start({ out: 'ignore', error: 'ignore' });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  try {
    return await new Promise((resolve) => {
      child.once('error', () => resolve(null));
      child.once('exit', resolve);
    });
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
