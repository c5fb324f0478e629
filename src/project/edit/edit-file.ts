import { lstatSync } from 'node:fs';
import { parse } from 'smol-toml';
import { fsPath } from '../../linux/paths.ts';
import { replaceFile } from '../../store/aside.ts';
import { ProjectError } from '../error.ts';
import { PROJECT_FILE } from '../find.ts';
import { loadProject } from '../load.ts';
import { readProjectFile } from '../project-file.ts';
import { editList, type Item, type ListEdit, listAt } from './edit-list.ts';

/** Lists that `sandbox add` and `remove` change. */
export type ListName = 'packages' | 'cache' | 'shims' | 'volumes' | 'ports';

export interface EnvironmentEdit {
  readonly kind: ListEdit['kind'];
  /** `default`, or one that is in the file. */
  readonly environment: string;
  readonly lists: ReadonlyMap<ListName, readonly Item[]>;
}

export interface EditedList {
  readonly name: ListName;
  /** All that the list had before. */
  readonly before: readonly Item[];
  readonly changed: readonly Item[];
  /** Those for which nothing had to be done. */
  readonly same: readonly Item[];
  /** What is in the list because an environment further up has it: the nearest one's name. */
  readonly inherited: ReadonlyMap<Item, string>;
}

export interface EditedProject {
  readonly text: string;
  readonly lists: readonly EditedList[];
}

/** Takes sandbox.toml, without errors, and changes lists of an environment, and nothing else in it. Throws a ProjectError INVALID. */
export function editEnvironment(before: string, edit: EnvironmentEdit): EditedProject {
  let text = before;
  const lists = [...edit.lists].map(([name, items]): EditedList => {
    const inherited = inheritedItems(text, edit.environment, name);
    // A list adds to that of the environment that is extended, so what stands there is there already.
    const wanted = edit.kind === 'add' ? items.filter((item) => !inherited.has(item)) : items;
    const path = [...placeOf(edit.environment), name];
    const present = listAt(parse(text), path);
    const edited = editList(text, { path, kind: edit.kind, items: wanted });
    text = edited.text;
    const same = [...new Set(items)].filter((item) => !edited.items.includes(item));
    return { name, before: present, changed: edited.items, same, inherited };
  });
  return { text, lists };
}

function placeOf(environment: string): readonly string[] {
  return environment === 'default' ? [] : ['env', environment];
}

function inheritedItems(text: string, environment: string, name: ListName): Map<Item, string> {
  const document = parse(text);
  const inherited = new Map<Item, string>();
  const seen = new Set([environment]);
  for (let at = parentOf(document, environment); at !== undefined && !seen.has(at); at = parentOf(document, at)) {
    seen.add(at);
    for (const item of listAt(document, [...placeOf(at), name])) if (!inherited.has(item)) inherited.set(item, at);
  }
  return inherited;
}

function parentOf({ env }: Readonly<Record<string, unknown>>, environment: string): string | undefined {
  const table: unknown = typeof env === 'object' && env !== null ? Reflect.get(env, environment) : undefined;
  const parent: unknown = typeof table === 'object' && table !== null ? Reflect.get(table, 'extends') : undefined;
  return typeof parent === 'string' ? parent : undefined;
}

/** Gives sandbox.toml of a project as text. Throws a ProjectError. */
export function readProjectText(directory: string): string {
  const bytes = readProjectFile(`${directory}/${PROJECT_FILE}`);
  if (bytes === undefined) throw new ProjectError('NO_PROJECT', `${directory} has no ${PROJECT_FILE} any more`);
  // A byte order mark stays: it is one of the bytes that nobody asked to change.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/**
 * Replaces sandbox.toml in one go; it keeps its mode. If it cannot be loaded then, what was there comes back, and the ProjectError
 * that says why is thrown.
 */
export async function replaceProjectText(directory: string, texts: { before: string; after: string }): Promise<void> {
  write(directory, texts.after);
  try {
    await loadProject(directory);
  } catch (error) {
    write(directory, texts.before);
    throw error;
  }
}

function write(directory: string, text: string): void {
  const path = `${directory}/${PROJECT_FILE}`;
  try {
    replaceFile(path, Buffer.from(text, 'utf8'), { mode: lstatSync(fsPath(path)).mode & 0o777 });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

export function cannotWrite(path: string, cause: unknown): ProjectError {
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : '';
  return new ProjectError('INVALID', `${path} cannot be written${code}`, {
    hint: 'look whether the directory is yours, and the disk has space',
    cause,
  });
}
