import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import type { ImageName } from '../../../support/registry/place.ts';
import { testRegistry } from '../../../support/registry/registry.ts';
import {
  environmentOf,
  type Result,
  type RunOptions,
  sandbox,
  type TestUser,
  testUser,
  workDirectory,
} from '../../../support/user.ts';

/** Packages are downloaded and installed. */
const PATIENCE = 600_000;

/** A store of an account, and projects in it that use one of the tests' large images. */
export interface PackagesWorld {
  readonly user: TestUser;
  /** `127.0.0.1:PORT/NAME:TAG` */
  readonly image: string;
  /** Makes a project of files, by their paths. */
  readonly project: (name: string, files: Readonly<Record<string, string | Buffer>>) => Project;
}

export interface Project {
  readonly directory: string;
  readonly write: (files: Readonly<Record<string, string | Buffer>>) => void;
  readonly sandbox: (words: readonly string[], options?: RunOptions) => Promise<Result>;
  /** Starts it, with pipes. */
  readonly start: (...words: readonly string[]) => ChildProcessWithoutNullStreams;
  /** Runs it where it has to end well; gives what it printed. */
  readonly says: (...words: readonly string[]) => Promise<string>;
  /** Builds an environment, and gives `NUMBER ORIGIN` of each step. */
  readonly origins: (...words: readonly string[]) => Promise<string[]>;
}

export async function packagesWorld(
  t: TestContext,
  image: ImageName,
  kind: 'subordinate' | 'bare' = 'subordinate',
): Promise<PackagesWorld> {
  const user = testUser(kind);
  const { images } = await testRegistry(t, image);
  let reset = async (): Promise<unknown> => undefined;
  // Before the directory is removed: files of subordinate ids cannot be removed from outside by who is not root.
  t.after(async () => await reset());
  const base = workDirectory(t, user);
  const env = { XDG_DATA_HOME: `${base}/data` };
  const run = async (cwd: string, words: readonly string[], options: RunOptions = {}): Promise<Result> =>
    await sandbox(user, words, { cwd, timeout: PATIENCE, ...options, env: { ...env, ...options.env } });
  reset = async () => await run(base, ['reset', '--force']);
  const own = (path: string): void => {
    mkdirSync(path, { recursive: true });
    chownSync(path, user.uid, user.gid);
  };
  return {
    user,
    image: images[0] ?? '',
    project: (name, files) => {
      const directory = `${base}/${name}`;
      own(directory);
      const write = (some: typeof files): void => {
        for (const [path, content] of Object.entries(some)) {
          mkdirSync(dirname(`${directory}/${path}`), { recursive: true });
          writeFileSync(`${directory}/${path}`, content);
        }
      };
      write(files);
      const says = async (...words: readonly string[]): Promise<string> => {
        const { status, stdout, stderr } = await run(directory, words);
        assert.equal(status, 0, `sandbox ${words.join(' ')}: exit status ${status}: ${stdout}${stderr}`);
        return stdout;
      };
      return {
        directory,
        write,
        sandbox: async (words, options) => await run(directory, words, options),
        start: (...words) => {
          const root = process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {};
          return spawn(user.sandbox, words, { cwd: directory, env: environmentOf(user, env), ...root });
        },
        says,
        origins: async (...words) => {
          const [built] = JSON.parse(await says('build', '--json', ...words)).environments;
          return built.steps.map(({ number, origin }: { number: number; origin: string }) => `${number} ${origin}`);
        },
      };
    },
  };
}
