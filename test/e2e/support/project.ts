import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import type { Result, RunOptions } from '../../support/user.ts';
import { at, type Place, place } from '../faults/support/place.ts';
import { Up } from './up.ts';

export interface TestProject extends Place {
  /** Runs `sandbox` to its end in the project, or in a directory of it. */
  readonly run: (
    words: readonly string[],
    options?: Pick<RunOptions, 'env' | 'input'> & { readonly in?: string },
  ) => Promise<Result>;
  /** `sandbox up` in the foreground. */
  readonly up: (words?: readonly string[]) => Up;
  /** Writes a file of the project as its owner. */
  readonly write: (path: string, text: string) => void;
  /** Writes sandbox.toml: on the system of this machine unless it says otherwise. */
  readonly writeToml: (toml: string) => void;
}

/** A project of the account's own with this sandbox.toml. Its services are ended with the test. */
export function project(t: TestContext, toml: string, kind: 'subordinate' | 'bare' = 'subordinate'): TestProject {
  let hasServices = false;
  let end = async (): Promise<unknown> => undefined;
  // Before the directory is removed, which is the next thing that is done at the end.
  t.after(async () => await end());
  const where = place(t, 'projects', kind);
  const { cwd, user, env } = where;
  end = async () => hasServices && (await at(where, ['down']));
  const write = (path: string, text: string): void => {
    const file = `${cwd}/${path}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    for (let each = file; each !== cwd; each = dirname(each)) chownSync(each, user.uid, user.gid);
  };
  const writeToml = (text: string): void => write('sandbox.toml', `image = "host"\n${text}`);
  writeToml(toml);
  return {
    ...where,
    write,
    writeToml,
    run: async (words, { in: directory = '', ...options } = {}) => {
      hasServices ||= words[0] === 'up';
      return await at(where, words, { ...options, cwd: `${cwd}/${directory}` });
    },
    up: (words = []) => {
      hasServices = true;
      return new Up(t, user, { cwd, env }, words);
    },
  };
}
