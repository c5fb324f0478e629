import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { needsRegistry } from '../../../support/registry/registry.ts';
import {
  needsAccount,
  needsAnotherAccount,
  type Result,
  type RunOptions,
  sandbox,
  type TestUser,
  testUser,
  workDirectory,
} from '../../../support/user.ts';
import { debianMirror } from './debian-mirror.ts';

const EXAMPLES = join(import.meta.dirname, '../../../../examples');
/** Packages are downloaded and installed. */
const PATIENCE = 600_000;

export const EXAMPLE_TEST = { skip: needsAccount('subordinate') || needsRegistry('debian:bookworm'), timeout: 900_000 };
export const TWO_ACCOUNTS_TEST = { ...EXAMPLE_TEST, skip: needsAnotherAccount() || EXAMPLE_TEST.skip };

/** An example as somebody has it after a clone, with a store and a configuration of their own. */
export interface Clone {
  readonly user: TestUser;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `sandbox` in it, to whatever end. */
  readonly sandbox: (words: readonly string[], options?: RunOptions) => Promise<Result>;
  /** Runs it where it has to end well; gives what it printed. */
  readonly says: (words: readonly string[], options?: RunOptions) => Promise<string>;
  /** sandbox.lock */
  readonly lock: () => string;
}

/** Copies an example to an account's home. `as`: whose. */
export async function cloneOf(
  t: TestContext,
  example: string,
  {
    as = 'subordinate',
    withLock = true,
  }: { readonly as?: 'subordinate' | 'another'; readonly withLock?: boolean } = {},
): Promise<Clone> {
  const user = testUser(as);
  const mirror = await debianMirror(t);
  let reset = async (): Promise<unknown> => undefined;
  // Before the directory is removed: files of subordinate ids cannot be removed from outside by who is not root.
  t.after(async () => await reset());
  const base = workDirectory(t, user);
  const directory = `${base}/${example}`;
  cpSync(`${EXAMPLES}/${example}`, directory, { recursive: true });
  for (const own of ['.sandbox', 'build', 'sandbox.local.toml', ...(withLock ? [] : ['sandbox.lock'])]) {
    rmSync(`${directory}/${own}`, { recursive: true, force: true });
  }
  mkdirSync(`${base}/config/sandbox`, { recursive: true });
  mkdirSync(`${base}/data`);
  writeFileSync(`${base}/config/sandbox/config.toml`, `[registries."docker.io"]\nmirrors = ["${mirror}"]\n`);
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, base]);
  else chownSync(base, user.uid, user.gid);
  const env = { XDG_DATA_HOME: `${base}/data`, XDG_CONFIG_HOME: `${base}/config` };
  const run = async (words: readonly string[], options: RunOptions = {}): Promise<Result> =>
    await sandbox(user, words, { cwd: directory, timeout: PATIENCE, ...options, env: { ...env, ...options.env } });
  reset = async () => {
    await run(['down']);
    await run(['reset', '--force']);
  };
  return {
    user,
    directory,
    env,
    sandbox: run,
    says: async (words, options) => {
      const { status, stdout, stderr } = await run(words, options);
      assert.equal(status, 0, `sandbox ${words.join(' ')}: exit status ${status}: ${stdout}${stderr}`);
      return stdout;
    },
    lock: () => readFileSync(`${directory}/sandbox.lock`, 'utf8'),
  };
}

/**
 * Builds a clone from nothing. The lock that is in the repository counts where it fits: the tests' image is made from the
 * packages of the day, and so are the steps. Otherwise it is locked anew, and said so.
 */
export async function buildLocked(t: TestContext, clone: Clone): Promise<void> {
  const committed = clone.lock();
  const { status, stderr } = await clone.sandbox(['build', '--frozen']);
  if (status === 0) {
    t.diagnostic('built as sandbox.lock of the repository says');
    return;
  }
  await clone.says(['lock', '--update']);
  assert.notEqual(clone.lock(), committed, `sandbox.lock was right, but --frozen failed: ${stderr}`);
  t.diagnostic('locked anew: the image or the packages are not those of the lock in the repository');
  await clone.says(['build', '--frozen']);
}
