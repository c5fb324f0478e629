import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import type { Result } from '../../../support/user.ts';
import { at, type Place, place } from '../../faults/support/place.ts';

export interface ProjectPlace extends Place {
  /** Runs `sandbox` in the project, or in a directory of it. */
  readonly run: (
    words: readonly string[],
    options?: { readonly in?: string; readonly input?: string },
  ) => Promise<Result>;
  /** Writes a file of the project as its owner. */
  readonly write: (path: string, text: string) => void;
}

/** A project of the account's own with this sandbox.toml, on the system of this machine unless it says otherwise. */
export function project(t: TestContext, toml: string): ProjectPlace {
  const where = place(t, 'projects');
  const { cwd, user } = where;
  const write = (path: string, text: string): void => {
    const file = `${cwd}/${path}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    for (let each = file; each !== cwd; each = dirname(each)) chownSync(each, user.uid, user.gid);
  };
  write('sandbox.toml', `image = "host"\n${toml}`);
  return {
    ...where,
    write,
    run: async (words, { in: directory = '', input = '' } = {}) =>
      await at(where, words, { cwd: `${cwd}/${directory}`, input }),
  };
}
