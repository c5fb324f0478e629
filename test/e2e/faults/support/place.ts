import { chownSync, mkdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { needs } from '../../../packages.ts';
import {
  needsAccount,
  type Result,
  type RunOptions,
  sandbox,
  type TestUser,
  testUser,
  workDirectory,
} from '../../../support/user.ts';

/** For a test's options. */
export const ordinary = { skip: needsAccount('subordinate') };
export const onTerminal = { skip: needsAccount('subordinate') || needs('python3') };

/** An account, a directory to work in, and a store that no other group of tests looks into. */
export interface Place {
  readonly user: TestUser;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly store: string;
}

/** `group` names the store, which is kept from run to run: the `host` image is prepared once. */
export function place(t: TestContext, group: string, kind: 'subordinate' | 'bare' = 'subordinate'): Place {
  const user = testUser(kind);
  const data = `${user.home}/data-${group}`;
  mkdirSync(data, { recursive: true });
  chownSync(data, user.uid, user.gid);
  return { user, cwd: workDirectory(t, user), env: { XDG_DATA_HOME: data }, store: `${data}/sandbox` };
}

/** Runs `sandbox` there. */
export async function at(where: Place, words: readonly string[], options: RunOptions = {}): Promise<Result> {
  const { user, cwd, env } = where;
  return await sandbox(user, words, { ...options, cwd: options.cwd ?? cwd, env: { ...env, ...options.env } });
}
