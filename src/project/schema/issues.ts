import type * as z from 'zod';
import { didYouMean } from '../../config/did-you-mean.ts';

/** Something that is wrong with a document. */
export interface Issue {
  readonly path: readonly string[];
  /** Without the path. */
  readonly message: string;
  readonly hint?: string | undefined;
  /** What comes first in a list: 0 is surest to be what is really wrong. */
  readonly rank: 0 | 1 | 2 | 3;
}

/** Of a document of an attacker's; more are not looked at. */
const MOST_ISSUES = 64;

type SchemaIssue = z.core.$ZodIssue;

const keysOf = (path: readonly PropertyKey[]): readonly string[] => path.map(String);

/** Takes what the schema complains about, and the document; gives it in words for people. */
export function explain(issues: readonly SchemaIssue[], document: unknown, known: Known): Issue[] {
  const found = issues.slice(0, MOST_ISSUES).flatMap((issue) => explainOne(issue, [], document, known));
  // `imge = "debian"` is one mistake: not that image is missing, too.
  const meant = new Set(found.flatMap(({ meant }) => (meant === undefined ? [] : [meant.join('\0')])));
  return found.filter(({ rank, path }) => rank !== 3 || !meant.has(path.join('\0'))).slice(0, MOST_ISSUES);
}

/** What the schema says about places in the document: known-keys.ts. */
export interface Known {
  readonly keysAt: (path: readonly string[]) => readonly string[] | undefined;
  readonly exampleAt: (path: readonly string[]) => string | undefined;
}

interface Explained extends Issue {
  readonly meant?: readonly string[];
}

function explainOne(issue: SchemaIssue, before: readonly string[], document: unknown, known: Known): Explained[] {
  const path = [...before, ...keysOf(issue.path)];
  const value = valueAt(document, path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MOST_ISSUES).map((name) => unknownKey(path, name, known));
  }
  if (issue.code === 'invalid_union' && value !== undefined) {
    const branch = branchOf(issue.errors);
    if (branch !== undefined) return branch.flatMap((each) => explainOne(each, path, document, known));
  }
  if (issue.code === 'invalid_key') {
    const message = `expected ${issue.issues[0]?.message ?? 'another name'}`;
    return [{ path, message, rank: 1 }];
  }
  if (value === undefined) {
    return [{ path, message: 'is missing', hint: known.exampleAt(path) ?? `expected ${issue.message}`, rank: 3 }];
  }
  const nearest = typeof value === 'string' ? didYouMean(value, wordsOf(issue)) : undefined;
  const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
  return [
    { path, message: `expected ${issue.message}, got ${inWords(value)}`, hint, rank: nearest === undefined ? 1 : 0 },
  ];
}

/** The alternative that was meant, as its type alone fits; undefined where there are several, or none. */
function branchOf(branches: ReadonlyArray<readonly SchemaIssue[]>): readonly SchemaIssue[] | undefined {
  const fitting = branches.filter(
    ([first]) =>
      first !== undefined &&
      (first.path.length > 0 ||
        (first.code === 'invalid_union' && branchOf(first.errors) !== undefined) ||
        !['invalid_type', 'invalid_union'].includes(first.code) ||
        (first.code === 'invalid_type' && first.expected === 'int')),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The words that could stand there. */
function wordsOf(issue: SchemaIssue): readonly string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(wordsOf);
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

function unknownKey(table: readonly string[], name: string, known: Known): Explained {
  const path = [...table, name];
  const keys = known.keysAt(table) ?? [];
  const message = 'unknown key';
  const special = specialHint(table, name);
  if (special !== undefined) return { path, message, hint: special, rank: 0 };
  const nearest = didYouMean(name, keys);
  if (nearest !== undefined) {
    return { path, message, hint: `did you mean ${nearest}?`, rank: 0, meant: [...table, nearest] };
  }
  const where = table.length === 0 ? '' : ` in ${label(table)}`;
  return { path, message, hint: keys.length === 0 ? undefined : `known${where}: ${keys.join(', ')}`, rank: 2 };
}

/** What people write who come from elsewhere, or mix up where a key belongs. */
function specialHint(table: readonly string[], name: string): string | undefined {
  const words: Readonly<Record<string, string>> =
    table.length === 0
      ? {
          commands: 'commands are tables [command.NAME]',
          services: 'services are tables [service.NAME]',
          environments: 'environments are tables [env.NAME]',
          environment: 'variables stand in [env], environments in [env.NAME]',
          step: 'steps are tables [[steps]]',
          extends: 'only a named environment extends another: [env.NAME]',
          run: 'what is run stands in [[steps]], [command.NAME] or [service.NAME]',
        }
      : table[0] === 'command' || table[0] === 'service'
        ? {
            image: 'the image is that of the environment',
            depends_on: 'it is called requires',
            cwd: 'it is called workdir',
          }
        : {};
  return Object.hasOwn(words, name) ? words[name] : undefined;
}

/** Names a place: lists without numbers, as the line says which. A key may have line breaks, and look like lines of ours. */
export function label(path: readonly string[]): string {
  const names = path.filter((name) => !/^\d+$/.test(name));
  return names.map((name) => (/\p{Cc}/u.test(name) ? JSON.stringify(name) : name)).join('.');
}

export function valueAt(document: unknown, path: readonly string[]): unknown {
  let current = document;
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}

const MOST_CHARACTERS = 60;

function inWords(value: unknown): string {
  if (typeof value === 'string') {
    const short = value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
    return JSON.stringify(short);
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `${value}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return value instanceof Date ? 'a date' : 'a table';
}
