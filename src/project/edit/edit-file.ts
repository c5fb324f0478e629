import { parse } from 'smol-toml';
import { ProjectError } from '../error.ts';
import { LOCAL_FILE, PROJECT_FILE } from '../find.ts';
import { loadProject } from '../load.ts';
import { replaceInProject } from '../lock/writing.ts';
import type { Project } from '../model.ts';
import { readProjectFile } from '../project-file.ts';
import { digestOfFiles } from '../trust/digest.ts';
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

/** The project's own files, as they are now. */
export interface ProjectTexts {
  /** sandbox.toml. */
  readonly text: string;
  /** What is trusted where these files are (Project.digest). */
  readonly digest: string;
  /** The same where sandbox.toml is `text`, and sandbox.local.toml as it was. */
  readonly digestWith: (text: string) => string;
}

/** Reads them. Throws a ProjectError. */
export function readProjectTexts(directory: string): ProjectTexts {
  const bytes = readProjectFile(`${directory}/${PROJECT_FILE}`);
  if (bytes === undefined) throw new ProjectError('NO_PROJECT', `${directory} has no ${PROJECT_FILE} any more`);
  const local = readProjectFile(`${directory}/${LOCAL_FILE}`);
  const digestOf = (main: Uint8Array): string => digestOfFiles(local === undefined ? [main] : [main, local]);
  return {
    // A byte order mark stays: it is one of the bytes that nobody asked to change.
    text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
    digest: digestOf(bytes),
    digestWith: (text) => digestOf(Buffer.from(text, 'utf8')),
  };
}

/**
 * Replaces sandbox.toml in one go, and gives the project as it is then; the file keeps its mode. If it cannot be loaded, what was
 * there comes back, and the ProjectError that says why is thrown; and one where another program has changed the file since `before`
 * was read. To be called while writing (lock/writing.ts).
 */
export async function replaceProjectText(
  directory: string,
  { before, after }: { readonly before: string; readonly after: string },
): Promise<Project> {
  write(directory, { before, after });
  try {
    return await loadProject(directory);
  } catch (error) {
    write(directory, { before: after, after: before });
    throw error;
  }
}

function write(directory: string, { before, after }: { readonly before: string; readonly after: string }): void {
  const [old, bytes] = [before, after].map((text) => Buffer.from(text, 'utf8')) as [Buffer, Buffer];
  try {
    replaceInProject(directory, PROJECT_FILE, bytes, old);
  } catch (cause) {
    throw cause instanceof ProjectError ? cause : cannotWrite(`${directory}/${PROJECT_FILE}`, cause);
  }
}

export function cannotWrite(path: string, cause: unknown): ProjectError {
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : '';
  return new ProjectError('INVALID', `${path} cannot be written${code}`, {
    hint: 'look whether the directory is yours, and the disk has space',
    cause,
  });
}
