import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { sandbox, type TestUser } from '../../../support/user.ts';
import { removeAsRoot } from './umoci.ts';

export interface FreshStore {
  readonly user: TestUser;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where it lies: `$XDG_DATA_HOME/sandbox`. */
  readonly path: string;
}

/** A store with nothing in it, so that what is looked at was unpacked by this build; removed after the test. */
export function freshStore(t: TestContext, user: TestUser): FreshStore {
  const cwd = mkdtempSync(`${user.home}/store-`);
  const data = `${cwd}/data`;
  mkdirSync(data);
  for (const path of [cwd, data]) chownSync(path, user.uid, user.gid);
  t.after(() => removeAsRoot(user, cwd));
  return { user, env: { XDG_DATA_HOME: data }, cwd, path: `${data}/sandbox` };
}

/** Runs `sandbox` on that store and gives what it printed; it has to end well. */
export async function onStore({ user, env, cwd }: FreshStore, words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await sandbox(user, words, { env, cwd, timeout: 300_000 });
  assert.equal(status, 0, `sandbox ${words.join(' ')}: ${stderr}`);
  return stdout;
}
