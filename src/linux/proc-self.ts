import type { BigIntStats } from 'node:fs';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { decodeBytes, encodeBytes } from './bytes.ts';
import { errnoNumber, fromNodeError, LinuxError } from './errno.ts';

/*
 * What this process was started with, byte by byte. Node's process.argv, process.env and process.cwd() replace what is
 * not UTF-8 and so cannot name such files again.
 */

const NO_PROC = 'the proc file system must be mounted on /proc';

/**
 * Gives all arguments of execve(2), those of Node itself included, as byte strings: proc_pid_cmdline(5).
 * Call it before anything sets `process.title`, which writes over them. Throws a LinuxError without /proc.
 */
export function processArguments(): string[] {
  return nulTerminated(readProc('/proc/self/cmdline'));
}

/** Gives the arguments that are the user's: as many of the last ones as Node counts behind program and script. */
export function userArguments(): string[] {
  const count = Math.max(0, process.argv.length - 2);
  return count === 0 ? [] : processArguments().slice(-count);
}

/**
 * Gives the environment this process was started with; of a name that occurs twice the first value, as getenv(3) does.
 * Later changes of `process.env` are not in it. Throws a LinuxError without /proc.
 */
export function processEnvironment(): Map<string, string> {
  return parseEnvironment(readProc('/proc/self/environ'));
}

/** Takes the bytes of /proc/PID/environ (proc_pid_environ(5)). Entries without '=' or without a name are left out. */
export function parseEnvironment(bytes: Uint8Array): Map<string, string> {
  const environment = new Map<string, string>();
  for (const entry of nulTerminated(bytes)) {
    const equals = entry.indexOf('=');
    if (equals <= 0) continue;
    const name = entry.slice(0, equals);
    if (!environment.has(name)) environment.set(name, entry.slice(equals + 1));
  }
  return environment;
}

/**
 * Gives the current directory as a byte string: getcwd(3).
 * Throws a LinuxError with ENOENT where it was removed, and with ESTALE where its path now leads elsewhere (something
 * was mounted or moved over it): whoever binds the path would get another directory than the user stands in.
 */
export function currentDirectory(): string {
  const link = '/proc/self/cwd';
  let path: string;
  let here: BigIntStats;
  try {
    path = decodeBytes(readlinkSync(link, { encoding: 'buffer' }));
    here = statSync(link, { bigint: true });
  } catch (error) {
    throw fromNodeError(error, link, NO_PROC);
  }
  const there = statIfReachable(path);
  if (there === 'hidden' || (there !== 'missing' && there.dev === here.dev && there.ino === here.ino)) return path;
  // The kernel writes ' (deleted)' behind the path, but a directory may also be called so: the link count decides.
  const removed = here.nlink === 0n || (there === 'missing' && path.endsWith(' (deleted)'));
  const code = removed ? 'ENOENT' : 'ESTALE';
  throw new LinuxError({
    syscall: 'getcwd',
    errno: errnoNumber(code) ?? 0,
    path,
    hint: removed ? 'the current directory was removed: cd to one that exists' : 'cd to the directory again',
  });
}

/** 'hidden': it may be there, but a directory above it is not searchable for this user. */
function statIfReachable(path: string): BigIntStats | 'missing' | 'hidden' {
  try {
    return statSync(encodeBytes(path), { bigint: true });
  } catch (error) {
    const failure = fromNodeError(error, path);
    return failure.code === 'EACCES' || failure.code === 'EPERM' ? 'hidden' : 'missing';
  }
}

function readProc(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fromNodeError(error, path, NO_PROC);
  }
}

/** Splits before decoding: no NUL is inside a decoded character, but a last entry may lack its own. */
function nulTerminated(bytes: Uint8Array): string[] {
  const entries = decodeBytes(bytes).split('\0');
  if (entries.at(-1) === '') entries.pop();
  return entries;
}
