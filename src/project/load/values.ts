import type { CacheUse, ProjectVolume, Variable } from '../model.ts';
import { isKnownCache } from '../schema/values.ts';

/*
 * From checked values of the file to those of the model.
 */

export function variablesOf(
  table: Readonly<Record<string, string | number | boolean>> | undefined,
): readonly Variable[] {
  return Object.entries(table ?? {}).map(([name, value]) => [name, `${value}`] as const);
}

export function cachesOf(words: readonly string[] | undefined): readonly CacheUse[] {
  return [...new Set(words)].map((word) =>
    isKnownCache(word) ? { kind: 'known', name: word } : { kind: 'path', path: normal(word) },
  );
}

/** Takes an absolute path inside; gives it without `.`, `..`, double and trailing slashes. */
export function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function volumeOf(text: string): ProjectVolume {
  const [unsafeSource = '', destination = '', access] = text.split(':');
  return { unsafeSource, destination: normal(destination), access: access === 'ro' ? 'ro' : 'rw' };
}

type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

export function withoutUndefined<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

/** Absolute inside, or relative to the project. */
export function directoryOf(path: string | undefined): string | undefined {
  if (path === undefined || path.startsWith('/')) return path === undefined ? undefined : normal(path);
  return normal(path).slice(1) || '.';
}
