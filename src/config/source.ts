import { didYouMean } from './did-you-mean.ts';
import type { ConfigError } from './error.ts';

/** The keys from the outermost table to a value. */
export type KeyPath = readonly string[];

/** The file that is read: how it is complained about. */
export interface Source {
  readonly fail: (at: KeyPath, message: string, hint?: string) => ConfigError;
}

export type Table = Readonly<Record<string, unknown>>;

export function table(source: Source, value: unknown, at: KeyPath): Table {
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
  if (!isTable) throw source.fail(at, `expected a table ([${at.join('.')}])`);
  return value as Table;
}

/** Gives the value of every key of a table that is there. Throws a ConfigError for keys that are not known. */
export function members<Key extends string>(source: Source, value: unknown, at: KeyPath, keys: readonly Key[]) {
  const read = table(source, value, at);
  for (const key of Object.keys(read)) {
    if ((keys as readonly string[]).includes(key)) continue;
    const nearest = didYouMean(key, keys);
    const dotted = at[0] === 'registries' && typeof read[key] === 'object' && !Array.isArray(read[key]);
    const known = nearest === undefined ? `known here: ${keys.join(', ')}` : `did you mean ${nearest}?`;
    const hint = dotted ? `a name with dots stands in quotes: [registries."${at[1]}.${key}"]` : known;
    throw source.fail([...at, key], `unknown key ${JSON.stringify(key)}`, hint);
  }
  return read as Readonly<Partial<Record<Key, unknown>>>;
}

export function string(source: Source, value: unknown, at: KeyPath): string {
  if (typeof value !== 'string') throw source.fail(at, 'expected a string in quotes');
  return value;
}

export function flag(source: Source, value: unknown, at: KeyPath): boolean {
  if (typeof value !== 'boolean') throw source.fail(at, 'expected true or false');
  return value;
}

export function list(source: Source, value: unknown, at: KeyPath, example: string): readonly unknown[] {
  if (!Array.isArray(value)) throw source.fail(at, `expected a list: ${example}`);
  return value;
}

export function choice<const Word extends string>(
  source: Source,
  value: unknown,
  at: KeyPath,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const nearest = typeof value === 'string' ? didYouMean(value, words) : undefined;
  throw source.fail(at, `expected one of ${words.join(', ')}`, nearest && `did you mean ${nearest}?`);
}

/** A number from `least` to `most`. */
export function number(
  source: Source,
  value: unknown,
  at: KeyPath,
  { least, most, whole = true }: { readonly least: number; readonly most: number; readonly whole?: boolean },
): number {
  if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw source.fail(at, `expected a${whole ? ' whole' : ''} number from ${least} to ${most}`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `64g`, `1.5t`, or a number of bytes. */
export function byteSize(source: Source, value: unknown, at: KeyPath): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([kmgt]?)(?:i?b)?$/i.exec(
    typeof value === 'number' ? `${value}` : String(value),
  );
  const bytes = match === null ? 0 : Math.floor(Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 1));
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw source.fail(at, 'expected a size such as "64g"');
  return bytes;
}
