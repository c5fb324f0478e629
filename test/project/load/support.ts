import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadProject } from '../../../src/project/load.ts';
import type { Project } from '../../../src/project/model.ts';

/** Gives a directory called `shop` with these files. */
export function project(t: TestContext, main: string | Buffer, local?: string): string {
  const parent = mkdtempSync(join(realpathSync(tmpdir()), 'project-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, 'shop');
  mkdirSync(directory);
  writeFileSync(join(directory, 'sandbox.toml'), main);
  if (local !== undefined) writeFileSync(join(directory, 'sandbox.local.toml'), local);
  return directory;
}

export async function load(t: TestContext, main: string | Buffer, local?: string): Promise<Project> {
  return await loadProject(project(t, main, local));
}

/** Gives code, message without the directory, and hint of the error that loading ends with; undefined: it does not. */
export async function failure(
  t: TestContext,
  main: string | Buffer,
  local?: string,
): Promise<{ code: unknown; message: string; hint: unknown } | undefined> {
  const directory = project(t, main, local);
  try {
    await loadProject(directory);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ProjectError') throw error;
    return {
      code: Reflect.get(error, 'code'),
      message: error.message.replaceAll(`${directory}/`, ''),
      hint: Reflect.get(error, 'hint'),
    };
  }
}
