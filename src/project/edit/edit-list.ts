import { isDeepStrictEqual } from 'node:util';
import { parse } from 'smol-toml';
import { ProjectError } from '../error.ts';
import { applied, type Change, indentAt, lineAround, lineBreak, withItems, withoutElements } from './edit-array.ts';
import { type ArrayValue, type Section, type Statement, scanToml, type TableValue } from './scan-toml.ts';

export type Item = string | number;

/** A list in a TOML document, and what is to become of its items. */
export interface ListEdit {
  /** `['packages']`, `['env', 'test', 'packages']`: tables that are there, and the list's key, which need not be. */
  readonly path: readonly string[];
  readonly kind: 'add' | 'remove';
  /** Those that are to be in the list, or not in it. */
  readonly items: readonly Item[];
}

export interface Edited {
  readonly text: string;
  /** Those for which something had to be done. */
  readonly items: readonly Item[];
}

/**
 * Takes a TOML document without errors and changes one list of it; every other character stays as it is. Throws a ProjectError
 * of code INVALID where the list is written in a way that this does not get right: the result is read again and compared.
 */
export function editList(text: string, edit: ListEdit): Edited {
  const document = parse(text);
  const present = listAt(document, edit.path);
  const wanted = [...new Set(edit.items)].filter((item) => present.includes(item) === (edit.kind === 'remove'));
  if (wanted.length === 0) return { text, items: [] };
  const expected = edit.kind === 'add' ? [...present, ...wanted] : present.filter((item) => !wanted.includes(item));
  setList(document, edit.path, expected);
  const found = find(scanToml(text), edit.path);
  const result = applied(text, changes(text, found, { ...edit, items: wanted }));
  if (!isSame(result, document)) {
    throw new ProjectError('INVALID', `${edit.path.join('.')} is written in a way that cannot be edited safely`, {
      hint: `edit it by hand: ${edit.kind} ${wanted.join(', ')}`,
    });
  }
  return { text: result, items: wanted };
}

/** Gives the strings and numbers of a list in a document; none where there is no such list. */
export function listAt(document: unknown, path: readonly string[]): readonly Item[] {
  const list = path.reduce<unknown>((at, key) => memberOf(at, key), document);
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string' || typeof item === 'number') : [];
}

function memberOf(table: unknown, key: string): unknown {
  return typeof table === 'object' && table !== null && Object.hasOwn(table, key) ? Reflect.get(table, key) : undefined;
}

function setList(document: object, path: readonly string[], list: readonly Item[]): void {
  const table = path.slice(0, -1).reduce<unknown>((at, key) => memberOf(at, key), document);
  if (typeof table === 'object' && table !== null) Reflect.set(table, path.at(-1) ?? '', list);
}

function isSame(text: string, expected: unknown): boolean {
  try {
    return isDeepStrictEqual(parse(text), expected);
  } catch {
    return false;
  }
}

/** The list itself, or where it may be put. */
type Found =
  | { readonly kind: 'list'; readonly array: ArrayValue }
  | { readonly kind: 'inline'; readonly table: TableValue }
  /** In a section of its own, or among statements whose keys begin with `prefix`. */
  | {
      readonly kind: 'section';
      readonly section: Section;
      readonly prefix: readonly string[];
      readonly like?: Statement;
    }
  | { readonly kind: 'nowhere' };

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((key, index) => path[index] === key);
}

function find(sections: readonly Section[], path: readonly string[]): Found {
  const parent = path.slice(0, -1);
  const tables = sections.filter(({ isElement, path: at }) => !isElement && startsWith(parent, at));
  for (const section of tables) {
    const found = findIn(section.statements, path.slice(section.path.length));
    if (found !== undefined) return found;
  }
  const own = tables.find(({ path: at }) => at.length === parent.length);
  if (own !== undefined) return { kind: 'section', section: own, prefix: [], ...like(own.statements, []) };
  // Not a section of its own: `env.test.extends = …` in another one.
  for (const section of tables) {
    const prefix = parent.slice(section.path.length);
    const beside = like(section.statements, prefix);
    if (beside.like !== undefined) return { kind: 'section', section, prefix, ...beside };
  }
  return { kind: 'nowhere' };
}

function findIn(statements: readonly Statement[], path: readonly string[]): Found | undefined {
  for (const { key, value } of statements) {
    if (!startsWith(path, key)) continue;
    const rest = path.slice(key.length);
    if (rest.length === 0 && value.kind === 'array') return { kind: 'list', array: value };
    if (value.kind !== 'table' || rest.length === 0) continue;
    return findIn(value.entries, rest) ?? inlineTable(value, rest);
  }
  return undefined;
}

function inlineTable(table: TableValue, rest: readonly string[]): Found {
  // A table in it that is written with dots has no braces to put the key into.
  return rest.length === 1 ? { kind: 'inline', table } : { kind: 'nowhere' };
}

/** A new key goes behind what it is most like. */
const NEIGHBOURS = ['packages', 'image', 'extends', 'description', 'name'];

function like(statements: readonly Statement[], prefix: readonly string[]): { readonly like?: Statement } {
  const beside = statements.filter(({ key }) => key.length === prefix.length + 1 && startsWith(key, prefix));
  const named = NEIGHBOURS.map((name) => beside.find(({ key }) => key.at(-1) === name));
  const found = named.find((statement) => statement !== undefined) ?? beside.at(-1) ?? statements.at(-1);
  return found === undefined || (prefix.length > 0 && beside.length === 0) ? {} : { like: found };
}

function changes(text: string, found: Found, edit: ListEdit): readonly Change[] {
  const { path, items } = edit;
  if (found.kind === 'list') {
    const { array } = found;
    if (edit.kind === 'add') return withItems(text, array, items.map(written(text, array)));
    const gone = array.elements.flatMap((element, index) => (items.includes(read(text, element)) ? [index] : []));
    return withoutElements(text, array, new Set(gone));
  }
  const end = lineBreak(text);
  const statement = `${keyText(path.at(-1))} = [${items.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (found.kind === 'nowhere') {
    const gap = text === '' ? '' : text.endsWith('\n') ? end : `${end}${end}`;
    const header = `[${path.slice(0, -1).map(keyText).join('.')}]`;
    return [{ start: text.length, end: text.length, text: `${gap}${header}${end}${statement}${end}` }];
  }
  if (found.kind === 'inline') {
    const last = found.table.entries.at(-1);
    const at = last?.end ?? found.table.start + 1;
    return [{ start: at, end: at, text: last === undefined ? ` ${statement} ` : `, ${statement}` }];
  }
  return [beside(text, found, `${found.prefix.map((key) => `${keyText(key)}.`).join('')}${statement}`)];
}

function keyText(key = ''): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/** A new line for a statement. */
function beside(text: string, found: Found & { readonly kind: 'section' }, statement: string): Change {
  const end = lineBreak(text);
  const after = found.like ?? found.section.header;
  if (after === undefined) {
    const start = text.startsWith('\uFEFF') ? 1 : 0;
    return { start, end: start, text: `${statement}${end}${text.length > start ? end : ''}` };
  }
  const at = lineAround(text, after.end).end;
  return { start: at, end: at, text: `${end}${indentAt(text, after.start)}${statement}` };
}

function read(text: string, { start, end }: { readonly start: number; readonly end: number }): Item {
  const value: unknown = parse(`item = ${text.slice(start, end)}`).item;
  return typeof value === 'number' ? value : String(value);
}

/** Items are written with the quotes of the one before. */
function written(text: string, { elements }: ArrayValue): (item: Item) => string {
  const last = elements.at(-1);
  const isLiteral = last !== undefined && text[last.start] === "'" && !text.startsWith("'''", last.start);
  return (item) =>
    isLiteral && typeof item === 'string' && !/[\p{Cc}']/u.test(item) ? `'${item}'` : JSON.stringify(item);
}
