import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';

/** An account without a name and without rights, when the tests run as root; else the own. */
const NOBODY = 54_321;
const asRoot = process.getuid?.() === 0;
export const uid = asRoot ? NOBODY : (process.getuid?.() ?? 0);
export const gid = asRoot ? NOBODY : (process.getgid?.() ?? 0);

const OPTIONS = asRoot ? { uid, gid } : {};

/** Makes a temporary directory that belongs to the unprivileged user and goes away with the test. */
export function ownDirectory(context: TestContext): string {
  const path = mkdtempSync(`${tmpdir()}/host-test-`);
  if (asRoot) chownSync(path, uid, gid);
  chmodSync(path, 0o755);
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Gives why a script of this folder cannot be run as the unprivileged user, or false when it can (for `skip`). */
export function cannotRun(): string | false {
  const probe = spawnSync(process.execPath, [script('unprivileged.ts')], { ...OPTIONS, env: {} });
  return probe.status === 0 ? false : 'the unprivileged user cannot read this directory or start Node';
}

/** Gives why unshare(1) cannot make a user namespace here, or false when it can (for `skip`). */
export function cannotUnshare(): string | false {
  const probe = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], OPTIONS);
  return probe.status === 0 ? false : 'no user namespaces for the unprivileged user, or no unshare program';
}

export function script(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

/** Starts a script of this folder as the unprivileged user. */
export function start(name: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [script(name), ...args], {
    ...OPTIONS,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a program as the unprivileged user and gives its status and output. */
export function run(
  program: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  const done = spawnSync(program, args, {
    ...OPTIONS,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    encoding: 'utf8',
  });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** Reads a process's output until it ends. */
export async function output(child: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}
