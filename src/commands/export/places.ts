import { lstatSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { makeDirectory } from '../../linux/make-directory.ts';
import { fsPath } from '../../linux/paths.ts';
import { ProjectError } from '../../project/error.ts';
import { asidePath, replaceFile } from '../../store/aside.ts';
import { ownStore } from '../spec/own-store.ts';

/** In the second line of every file that this writes: what has it not is somebody else's. */
export const MARK = 'made by: sandbox export';

/** Where a user's own programs and applications lie: XDG Base Directory Specification; file-hierarchy(7). */
export interface Places {
  readonly bin: string;
  readonly applications: string;
}

export function placesOf({ HOME = '', XDG_DATA_HOME }: NodeJS.ProcessEnv): Places {
  const data = XDG_DATA_HOME?.startsWith('/') ? XDG_DATA_HOME : `${HOME}/.local/share`;
  return { bin: `${HOME}/.local/bin`, applications: `${data}/applications` };
}

/** Whether a file was written by this command: it has the mark, or is a link to a shim in the store. */
export function isExported(path: string): boolean {
  try {
    const about = lstatSync(fsPath(path));
    if (about.isSymbolicLink()) return readlinkSync(fsPath(path)).startsWith(`${ownStore()}/projects/`);
    if (!about.isFile() || about.size > LONGEST) return false;
    return readFileSync(fsPath(path), 'utf8').split('\n')[1]?.includes(MARK) === true;
  } catch {
    return false;
  }
}

/** Nothing that this writes is longer. */
const LONGEST = 65_536;

/** What is put at a place: the text of a file, or where a link leads. */
export type Exported = { readonly text: string; readonly mode: number } | { readonly link: string };

/** Puts something at a path, in one go; not over what somebody else put there, unless told to. Throws a ProjectError. */
export function writeExport(path: string, exported: Exported, { force }: { readonly force: boolean }): void {
  if (lstatSync(fsPath(path), { throwIfNoEntry: false }) !== undefined && !isExported(path) && !force) {
    throw new ProjectError('SHIM', `${path} is there already, and was not exported`, {
      hint: 'choose another name with --as, or write over it with --force',
    });
  }
  makeDirectory(path.slice(0, path.lastIndexOf('/')));
  if ('text' in exported) {
    replaceFile(path, Buffer.from(exported.text), { mode: exported.mode });
    return;
  }
  const aside = asidePath(path);
  symlinkSync(fsPath(exported.link), fsPath(aside));
  renameSync(fsPath(aside), fsPath(path));
}

/** Gives the names of what was exported. */
export function exportedNames({ bin }: Places): string[] {
  let names: string[];
  try {
    names = readdirSync(bin).sort();
  } catch {
    return [];
  }
  return names.filter((name) => isExported(`${bin}/${name}`));
}

/** Removes what was exported under a name; says whether there was something. */
export function removeExported({ bin, applications }: Places, name: string): boolean {
  const paths = [`${bin}/${name}`, `${applications}/${desktopFileName(name)}`].filter(isExported);
  for (const path of paths) rmSync(fsPath(path), { force: true });
  return paths.length > 0;
}

/** The name of an application's file: Desktop Entry Specification, "File naming". */
export function desktopFileName(name: string): string {
  return `sandbox-${name}.desktop`;
}
