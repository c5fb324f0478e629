import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Result } from '../../support/user.ts';
import { busyboxTar, imageWorld, type World } from '../images/support/world.ts';

/** A project in a world with a registry, on machines with a store each. */
export interface LockWorld extends World {
  readonly image: string;
  /** Writes sandbox.toml. */
  readonly write: (toml: string) => void;
  readonly lock: () => string;
  readonly editLock: (change: (text: string) => string) => void;
  /** Serves an index for both processors as `app:1`, in whose images /etc/word says that. */
  readonly serveWord: (word: string) => void;
  /** Another machine: a store in which nothing is. Gives how `sandbox` is run there. */
  readonly machine: (name: string) => (words: readonly string[]) => Promise<Result>;
  readonly fails: (words: readonly string[], expected: RegExp) => Promise<void>;
}

export async function lockWorld(t: TestContext, kind: 'subordinate' | 'bare' = 'subordinate'): Promise<LockWorld> {
  const resets: Array<() => Promise<unknown>> = [];
  // Before the world's directory is removed, which is told to go first.
  t.after(async () => {
    for (const reset of resets) await reset();
  });
  const world = await imageWorld(t, kind);
  const { cwd, registry, user } = world;
  const file = `${cwd}/sandbox.lock`;
  return {
    ...world,
    image: `${registry.host}/app:1`,
    write: (toml) => writeFileSync(`${cwd}/sandbox.toml`, toml),
    lock: () => readFileSync(file, 'utf8'),
    editLock: (change) => {
      const before = readFileSync(file, 'utf8');
      const after = change(before);
      assert.notEqual(after, before);
      writeFileSync(file, after);
    },
    serveWord: (word) =>
      void registry.serveIndex(
        'app:1',
        (['linux/amd64', 'linux/arm64'] as const).map((platform) => ({
          platform,
          parts: {
            layers: [busyboxTar()],
            platform,
            config: { Env: [`WORD=${word}`, 'PATH=/bin'], Labels: { platform } },
          },
        })),
      ),
    machine: (name) => {
      const store = `${cwd}/../${name}`;
      mkdirSync(store);
      chownSync(store, user.uid, user.gid);
      const run = async (words: readonly string[]): Promise<Result> =>
        await world.sandbox(words, { env: { XDG_DATA_HOME: store } });
      resets.push(async () => await run(['reset', '--force']));
      return run;
    },
    fails: async (words, expected) => {
      const { status, stdout, stderr } = await world.sandbox(words);
      assert.deepEqual([status, stdout], [125, ''], stderr);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /This is a bug/);
    },
  };
}
