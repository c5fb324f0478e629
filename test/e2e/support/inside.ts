import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync } from 'node:fs';
import { needsAccount, type Result, type RunOptions, sandbox, type TestUser, testUser } from '../../support/user.ts';

type Kind = 'subordinate' | 'bare';

const accounts = new Map<Kind, TestUser>();

/** The account of a kind, made when a test first asks for it. */
export function account(kind: Kind = 'subordinate'): TestUser {
  const known = accounts.get(kind) ?? testUser(kind);
  accounts.set(kind, known);
  return known;
}

/** For a test's options: skipped where there is no account with subordinate ids. */
export const ordinary = { skip: needsAccount('subordinate') };
/** … or none without. */
export const bare = { skip: needsAccount('bare') };

/** `cwd` must be given: where a sandbox is started decides what it sees. */
export type InsideOptions = RunOptions & { readonly cwd: string };

/** Runs a shell script in a sandbox that is gone afterwards, with options of `run`, to whatever end. */
export async function tryInside(
  user: TestUser,
  options: InsideOptions,
  words: readonly string[],
  script: string,
): Promise<Result> {
  return await sandbox(user, ['run', ...words, '--', 'sh', '-c', script], options);
}

/** The same where it has to end well; gives what the script printed, without the last line's end. */
export async function inside(
  user: TestUser,
  options: InsideOptions,
  words: readonly string[],
  script: string,
): Promise<string> {
  const result = await tryInside(user, options, words, script);
  assert.equal(result.status, 0, `exit status ${result.status}, signal ${result.signal}: ${result.stderr}`);
  return result.stdout.replace(/\n$/, '');
}

/** Waits until a condition holds: what a sandbox leaves to others, its removal above all, is done soon but not at once. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`${what}: not within 30 seconds`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * The environment of a store that the tests of one file have to themselves, since they look at all that is in it. It is
 * kept, as making the `host` image anew takes seconds.
 */
export async function ownStore(user: TestUser, name: string): Promise<{ env: Record<string, string>; path: string }> {
  const data = `${user.home}/store-of-${name}`;
  mkdirSync(data, { recursive: true });
  chownSync(data, user.uid, user.gid);
  const env = { XDG_DATA_HOME: data };
  // What an interrupted run of the tests left.
  await sandbox(user, ['rm', '--all', '--force'], { env });
  return { env, path: `${data}/sandbox` };
}

/** Waits until a store holds no sandbox, and nothing of one. */
export async function emptied(store: string): Promise<void> {
  const left = () => ['runs', 'trash', 'sandboxes'].flatMap((shelf) => readdirSync(`${store}/${shelf}`));
  await eventually('all sandboxes are removed', () => left().join() === '.gate');
}
