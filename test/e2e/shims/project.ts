/** Projects of the tests of shims. */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { sandbox, type TestUser, workDirectory } from '../../support/user.ts';

export interface ShimProject {
  readonly path: string;
  /** The shim of a program. */
  readonly shim: (name: string) => string;
  readonly write: (name: string, content: string | Uint8Array, mode?: number) => void;
}

/** Makes a project with a sandbox.toml, and shims of programs. */
export async function shimProject(
  t: TestContext,
  user: TestUser,
  toml: string,
  names: readonly string[],
): Promise<ShimProject> {
  const path = workDirectory(t, user);
  const write = (name: string, content: string | Uint8Array, mode = 0o644): void => {
    writeFileSync(`${path}/${name}`, content, { mode });
    chownSync(`${path}/${name}`, user.uid, user.gid);
  };
  mkdirSync(`${path}/sub`);
  chownSync(`${path}/sub`, user.uid, user.gid);
  write('sandbox.toml', toml);
  if (names.length > 0) {
    const { status, stderr } = await sandbox(user, ['shim', '-q', ...names], { cwd: path });
    assert.equal(status, 0, stderr);
  }
  return { path, write, shim: (name) => `${path}/.sandbox/bin/${name}` };
}

/** Directories of sandboxes that run, or were left behind. */
export function runsOf(user: TestUser): string[] {
  return readdirSync(`${user.home}/.local/share/sandbox/runs`).filter((name) => !name.startsWith('.'));
}
