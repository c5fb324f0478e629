import { existsSync } from 'node:fs';
import type { Environment, Project } from '../model.ts';

/** What an environment asks for that code of strangers is not given: a sentence each. */
export function demandsOf(_project: Project, _environment: Environment, _home: string): readonly string[] {
  return [];
}

/** Whether the user has trusted these very files: `digest` as of Project. */
export function isTrusted(store: string, directory: string, digest: string): boolean {
  return existsSync(`${store}/${directory}/${digest}`);
}
