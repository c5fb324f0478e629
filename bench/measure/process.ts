import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants } from 'node:fs';
import { type Account, environmentOf, isRoot } from '../ground/account.ts';
import { libc } from './libc.ts';

/** A program to run, as an account. */
export interface Command {
  readonly argv: readonly string[];
  readonly account: Account;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a directory in the account's home. */
  readonly cwd?: string;
}

/** The same number on all architectures, like all that came after 5.0. */
const SYS_PIDFD_OPEN = 434;
const POLLIN = 1;
const WNOHANG = 1;
const LONGEST = 60_000;

/** Room for a posix_spawn_file_actions_t, 80 bytes in glibc. */
const withoutOutput = Buffer.alloc(256);
let prepared = false;

/** What the program reads and writes: nothing. */
function fileActions(): Buffer {
  if (!prepared) {
    libc().actionsInit(withoutOutput);
    libc().actionsOpen(withoutOutput, 0, '/dev/null', constants.O_RDONLY, 0);
    for (const output of [1, 2]) libc().actionsOpen(withoutOutput, output, '/dev/null', constants.O_WRONLY, 0);
    prepared = true;
  }
  return withoutOutput;
}

/** Starts a program without waiting for it and gives its process id. Throws where it cannot be executed. */
export function start(command: Command): number {
  return startAll(command).pid;
}

function startAll({ argv, account, env, cwd }: Command): { pid: number; since: bigint } {
  const [path = ''] = argv;
  const environment = Object.entries({ ...environmentOf(account), ...env }).map(([name, value]) => `${name}=${value}`);
  const actions = fileActions();
  const pid = [0];
  process.chdir(cwd ?? `${account.home}/work`);
  become(account);
  const since = process.hrtime.bigint();
  const errno = libc().spawn(pid, path, actions, argv, environment);
  // What is kept of root here ends with the exec of the program: execve(2) copies the effective id to the saved one.
  becomeRoot();
  if (errno !== 0 || pid[0] === undefined) throw new Error(`posix_spawn ${path}: errno ${errno}`);
  return { pid: pid[0], since };
}

/** Takes the account's ids, while the saved ones allow the way back. */
function become({ uid, gid }: Account): void {
  if (!isRoot) return;
  process.setgroups?.([gid]);
  libc().setresgid(gid, gid, 0);
  if (libc().setresuid(uid, uid, 0) !== 0) throw new Error(`setresuid ${uid} failed`);
}

function becomeRoot(): void {
  if (!isRoot) return;
  if (libc().setresuid(0, 0, 0) !== 0) throw new Error('setresuid 0 failed');
  libc().setresgid(0, 0, 0);
  process.setgroups?.([0]);
}

/**
 * Waits for a process that `start` gave; ends it where it takes longer than a minute. Gives its exit status or
 * -signal.
 */
export function wait(pid: number): number {
  const pidfd = libc().syscall(SYS_PIDFD_OPEN, pid, 0, 0);
  // struct pollfd: int fd, short events, short revents.
  const poll = Buffer.alloc(8);
  poll.writeInt32LE(pidfd, 0);
  poll.writeInt16LE(POLLIN, 4);
  if (libc().poll(poll, 1, LONGEST) === 0) process.kill(pid, 'SIGKILL');
  const status = [0];
  libc().wait(pid, status, 0);
  closeSync(pidfd);
  const word = status[0] ?? 0;
  const signal = word & 0x7f;
  return signal === 0 ? word >> 8 : -signal;
}

/** Runs a program to its end and gives the wall time in milliseconds. Throws where it fails. */
export function time(command: Command): number {
  const { pid, since } = startAll(command);
  const status = wait(pid);
  const nanoseconds = process.hrtime.bigint() - since;
  if (status !== 0) throw new Error(`${command.argv.join(' ')}: exit status ${status}`);
  return Number(nanoseconds) / 1e6;
}

/** Runs a program once and gives undefined, or why it does not work here: the last line it said. */
export function refusal(command: Command): string | undefined {
  const { argv, account, env, cwd } = command;
  const [path = '', ...words] = argv;
  const { status, error, stderr } = spawnSync(path, words, {
    cwd: cwd ?? `${account.home}/work`,
    env: { ...environmentOf(account), ...env },
    ...(isRoot ? { uid: account.uid, gid: account.gid } : {}),
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 3 * LONGEST,
    killSignal: 'SIGKILL',
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `exit status ${status}`);
}

/** Runs a program to its end and gives what it printed. Throws where it fails. */
export function output(command: Command): string {
  const { argv, account, env, cwd } = command;
  const [path = '', ...words] = argv;
  return execFileSync(path, words, {
    cwd: cwd ?? `${account.home}/work`,
    env: { ...environmentOf(account), ...env },
    ...(isRoot ? { uid: account.uid, gid: account.gid } : {}),
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 3 * LONGEST,
  });
}

/** Whether a process that `start` gave still runs; where it has ended it is gone for good. Throws where it failed. */
export function isRunning(pid: number): boolean {
  const status = [0];
  if (libc().wait(pid, status, WNOHANG) === 0) return true;
  if (status[0] !== 0) throw new Error(`status ${status[0]}`);
  return false;
}

/** Sleeps without running anything else. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
