import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { TEST_BASE } from './base.ts';

const BUILT = join(import.meta.dirname, '../../dist/sandbox');

export interface TestUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Kept from test to test, since preparing the `host` image for a new store takes seconds. */
  readonly home: string;
  /** The built file, copied to where the account can execute it. */
  readonly sandbox: string;
}

export interface Result {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly timeout?: number;
}

const isRoot = process.getuid?.() === 0;

/** A reason to skip where an account of a kind cannot be had: only root may make one. */
export function needsAccount(kind: 'subordinate' | 'bare'): string | false {
  if (isRoot) return false;
  const has = hasSubordinates(userInfo().username);
  if (has === (kind === 'subordinate')) return false;
  return `${CANNOT_RUN_HERE}needs root to make an account ${kind === 'bare' ? 'without' : 'with'} subordinate ids`;
}

function hasSubordinates(name: string): boolean {
  return (
    existsSync('/etc/subuid') &&
    readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${name}:`))
  );
}

type AccountKind = 'subordinate' | 'bare' | 'another';

/** Names of accounts that root makes; `another` has subordinate ids, other ones. */
const NAMES: Readonly<Record<AccountKind, string>> = {
  subordinate: 'sandbox-test',
  bare: 'sandbox-bare',
  another: 'sandbox-another',
};

/** A reason to skip where a second account with subordinate ids cannot be had. */
export function needsAnotherAccount(): string | false {
  return isRoot ? false : `${CANNOT_RUN_HERE}needs root to make another account`;
}

/** Gives an ordinary account with a range of subordinate ids, or without one; as root it is made, once. */
export function testUser(kind: AccountKind = 'subordinate'): TestUser {
  const name = isRoot ? NAMES[kind] : userInfo().username;
  const home = `${TEST_BASE}/${name}`;
  if (isRoot) makeAccount(name, home, kind);
  const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' })));
  if (!existsSync(home)) {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    chownSync(home, uid, gid);
  }
  return { name, uid, gid, home, sandbox: installed() };
}

function makeAccount(name: string, home: string, kind: AccountKind): void {
  mkdirSync(TEST_BASE, { recursive: true, mode: 0o755 });
  chmodSync(TEST_BASE, 0o755);
  if (spawnSync('id', [name]).status === 0) return;
  const ids = kind === 'bare' ? ['-K', 'SUB_UID_COUNT=0', '-K', 'SUB_GID_COUNT=0'] : [];
  const { status, stderr } = spawnSync('useradd', ['-m', '-d', home, '-s', '/bin/bash', ...ids, name], {
    encoding: 'utf8',
  });
  // Two test files may do this at once.
  if (status !== 0 && spawnSync('id', [name]).status !== 0) throw new Error(`useradd ${name}: ${stderr}`);
  if (kind !== 'bare' && !hasSubordinates(name)) {
    const range = kind === 'another' ? '400000-465535' : '300000-365535';
    execFileSync('usermod', ['--add-subuids', range, '--add-subgids', range, name]);
  }
}

/** Copies the built file once for each build to a place that every account reaches. */
function installed(): string {
  const { mtimeMs, size } = statSync(BUILT);
  const directory = `${TEST_BASE}/bin`;
  const path = `${directory}/sandbox-${size}-${Math.trunc(mtimeMs)}`;
  if (existsSync(path)) return path;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(directory)) {
    // Other builds' copies, unless they are so young that a test run may still use them.
    const age = Date.now() - (statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.ctimeMs ?? 0);
    if (age > 2 * 3600_000 && existsSync(`${directory}/${name}`)) rmSync(`${directory}/${name}`, { force: true });
  }
  const aside = `${path}.${process.pid}`;
  copyFileSync(BUILT, aside);
  chmodSync(aside, 0o755);
  try {
    linkSync(aside, path);
  } catch (error) {
    // Another test file was faster, and its copy may be running already: it is not to be replaced.
    if (!existsSync(path)) throw error;
  }
  rmSync(aside, { force: true });
  return path;
}

/** A directory of the account's own for one test, removed after it. */
export function workDirectory(t: TestContext, user: TestUser): string {
  const path = mkdtempSync(`${user.home}/work-`);
  chownSync(path, user.uid, user.gid);
  chmodSync(path, 0o755);
  t.after(() => removeAll(path));
  return path;
}

/** Removes a tree. Files of subordinate ids go as root of the mapping, where the test run is an ordinary account's. */
function removeAll(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const isDenied = error instanceof Error && 'code' in error && ['EACCES', 'EPERM'].includes(String(error.code));
    if (isRoot || !isDenied) throw error;
    execFileSync('unshare', ['--user', '--map-root-user', '--map-auto', 'rm', '-rf', path]);
  }
}

/** The environment of a login session of the account, and nothing of the test run's. */
export function environmentOf(user: TestUser, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const path = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';
  return {
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: '/bin/bash',
    PATH: path,
    LANG: 'C.UTF-8',
    ...more,
  };
}

/** Runs a program as the account to its end. */
export async function runAs(user: TestUser, argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, {
    cwd: options.cwd ?? user.home,
    env: environmentOf(user, options.env),
    ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? 120_000,
    killSignal: 'SIGKILL',
  });
  return await resultOf(child, options.input);
}

/** Gives a program its input and waits for its end. */
export async function resultOf(
  child: ChildProcessWithoutNullStreams,
  input: string | Uint8Array = '',
): Promise<Result> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  child.stdin.on('error', () => {}); // a program that does not read its input
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, ...output }));
  });
}

/** Runs `sandbox` as the account. */
export async function sandbox(user: TestUser, words: readonly string[], options: RunOptions = {}): Promise<Result> {
  return await runAs(user, [user.sandbox, ...words], options);
}
