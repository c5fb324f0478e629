import type * as z from 'zod';
import { localFile, type ProjectFile, projectFile } from './file.ts';
import { explain, type Issue } from './issues.ts';
import { exampleAt, keysAt } from './known-keys.ts';

/** What a document says, or what is wrong with it. */
export interface Checked<T> {
  readonly file?: T;
  readonly issues: readonly Issue[];
}

const NOT_LOCAL = {
  message: 'may not stand in sandbox.local.toml',
  hint: "steps and packages belong in sandbox.toml: sandbox.lock is everybody's",
  rank: 0,
} as const;

function ofLayers(path: readonly string[]): boolean {
  const [key = ''] = path.slice(-1);
  return ['steps', 'packages'].includes(key) && (path.length === 1 || (path.length === 3 && path[0] === 'env'));
}

/** Takes sandbox.toml as the parser gives it. */
export function checkProject(document: unknown): Checked<ProjectFile> {
  return check(projectFile, document);
}

/** Takes sandbox.local.toml as the parser gives it. */
export function checkLocal(document: unknown): Checked<z.infer<typeof localFile>> {
  const { issues, ...rest } = check(localFile, document);
  return { ...rest, issues: issues.map((issue) => (ofLayers(issue.path) ? { ...issue, ...NOT_LOCAL } : issue)) };
}

function check<Schema extends z.ZodType>(schema: Schema, document: unknown): Checked<z.output<Schema>> {
  const { success, data, error } = schema.safeParse(document);
  if (success) return { file: data, issues: [] };
  return {
    issues: explain(error.issues, document, {
      keysAt: (path) => keysAt(schema, path),
      exampleAt: (path) => exampleAt(schema, path),
    }),
  };
}
