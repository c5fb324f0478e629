import { accessSync, closeSync, constants, openSync, writeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { hostArch } from '../linux/arch.ts';
import { OPEN } from '../linux/constants/open.ts';
import { LaunchError } from './error.ts';

/** A launcher in a file without a name, which is gone with its last descriptor; read-only, so that it can be executed. */
export interface LauncherFile {
  readonly descriptor: number;
  /** Path for execve(2) in this process. */
  readonly path: string;
}

/** Where a file without a name may be made, first those in memory. */
function directories(store: string): string[] {
  const runtime = process.env.XDG_RUNTIME_DIR;
  return [...(runtime?.startsWith('/') ? [runtime] : []), '/dev/shm', '/tmp', store];
}

/**
 * Writes a launcher where it can be executed: file systems may be mounted noexec, read-only or full, so the first that
 * serves is taken. open(2), O_TMPFILE. Throws a LaunchError when none does.
 */
export function writeLauncherFile(elf: Uint8Array, store: string): LauncherFile {
  const { O_TMPFILE, O_RDWR } = OPEN[hostArch()];
  const failures: string[] = [];
  for (const directory of directories(store)) {
    let writable: number | undefined;
    let descriptor: number | undefined;
    try {
      writable = openSync(directory, O_TMPFILE | O_RDWR, 0o500);
      for (let written = 0; written < elf.length; ) written += writeSync(writable, elf, written);
      // A file that is open for writing cannot be executed (ETXTBSY).
      descriptor = openSync(`/proc/self/fd/${writable}`, constants.O_RDONLY);
      const path = `/proc/self/fd/${descriptor}`;
      // access(2) knows of noexec; process.execve aborts where execve(2) fails.
      accessSync(path, constants.X_OK);
      closeSync(writable);
      return { descriptor, path };
    } catch (error) {
      for (const open of [writable, descriptor]) if (open !== undefined) closeSync(open);
      failures.push(`${directory} (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`);
    }
  }
  throw new LaunchError(
    'NO_PLACE',
    `the launcher cannot be written to a place it may be executed from: tried ${failures.join(', ')}`,
    {
      hint: 'one of them must allow files to be created and executed: set XDG_RUNTIME_DIR to a directory that is not mounted noexec',
    },
  );
}

/** Variables that the launcher hands to the explanation of a failure, and to nothing else. */
const EXPLAINED_WITH = ['NO_COLOR', 'FORCE_COLOR', 'TERM', 'LANG', 'LC_ALL', 'HOME', 'PATH', 'XDG_DATA_HOME'];

/** The variables that a launcher is started with. */
export function launcherEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of EXPLAINED_WITH) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Becomes the launcher at a path that may be executed: nothing of this process remains. */
export function becomeLauncher(path: string, ...words: string[]): never {
  if (process.execve === undefined)
    throw new LaunchError('NO_EXECVE', 'this Node has no process.execve', { hint: 'Node 24 has it' });
  return process.execve(path, ['sandbox', ...words], launcherEnvironment());
}

/** How a launcher ended: its exit status, and what it said if it failed. */
export interface LauncherResult {
  readonly status: number;
  readonly message: string;
}

/** Runs a launcher to its end, with nothing to read and nobody to read it. */
export function runLauncher(elf: Uint8Array, store: string): LauncherResult {
  const { descriptor } = writeLauncherFile(elf, store);
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  try {
    const { status, stderr } = spawnSync('/proc/self/fd/3', [], {
      argv0: 'sandbox',
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      env: {},
      encoding: 'utf8',
    });
    return { status: status ?? 128, message: stderr.trim() };
  } finally {
    closeSync(descriptor);
  }
}

/** A launcher that was started, and what it executes: to be spoken with over its standard input and output. */
export interface RunningLauncher {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Fulfilled when it has ended; `message` is what it wrote to standard error, the last of it. */
  readonly ended: Promise<LauncherResult>;
  /** Lets go of it: this process may end before it does. */
  release(): void;
}

const LAST_WORDS = 16 * 1024;

/** Starts a launcher in a session of its own, so that no key of the terminal reaches it. Throws a LaunchError. */
export function startLauncher(elf: Uint8Array, store: string): RunningLauncher {
  const { descriptor } = writeLauncherFile(elf, store);
  const { spawn } = process.getBuiltinModule('node:child_process');
  try {
    const child = spawn('/proc/self/fd/3', [], {
      argv0: 'sandbox',
      stdio: ['pipe', 'pipe', 'pipe', descriptor],
      env: {},
      detached: true,
    });
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) throw new TypeError('the launcher has no pipes');
    // Node closes a child's input with the child, and a launcher may go on in another process (`detach`).
    child.stdin = null;
    let words = '';
    stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-LAST_WORDS);
    });
    const ended = new Promise<LauncherResult>((resolve) => {
      child.once('error', (error) => resolve({ status: 128, message: error.message }));
      child.once('close', (status) => resolve({ status: status ?? 128, message: words.trim() }));
    });
    const release = (): void => {
      child.unref();
      for (const stream of [stdin, stdout, stderr])
        if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
    };
    return { stdin, stdout, ended, release };
  } finally {
    closeSync(descriptor);
  }
}
