import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { replaceFile } from '../../store/aside.ts';
import { cannotWrite } from '../edit/edit-file.ts';
import { LOCAL_FILE } from '../find.ts';

const IGNORED = [LOCAL_FILE, '.sandbox/'];

/** Gives the patterns that a .gitignore lacks, as gitignore(5) has them. */
export function missingPatterns(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/^\//, '').replace(/\/$/, ''));
  return IGNORED.filter((pattern) => !lines.includes(pattern.replace(/\/$/, '')));
}

/** Keeps what is a person's own out of Git, if the directory is in a repository; gives what was added. Throws a ProjectError. */
export function ignoreOwnFiles(directory: string): string[] {
  if (!isInRepository(directory)) return [];
  const path = `${directory}/.gitignore`;
  try {
    const about = lstatSync(fsPath(path), { throwIfNoEntry: false });
    // A link may lead anywhere, and Git does not follow it either.
    if (about !== undefined && !about.isFile()) return [];
    const before = about === undefined ? '' : readFileSync(fsPath(path), 'utf8');
    const missing = missingPatterns(before);
    if (missing.length === 0) return [];
    const gap = before === '' || before.endsWith('\n') ? '' : '\n';
    const added = missing.map((pattern) => `/${pattern}\n`).join('');
    replaceFile(path, Buffer.from(`${before}${gap}${added}`), {
      mode: about === undefined ? 0o644 : about.mode & 0o777,
    });
    return missing;
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** gitrepository-layout(5): `.git` is a directory, or a file that names one. */
function isInRepository(from: string): boolean {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/'))) {
    if (existsSync(fsPath(`${at}/.git`))) return true;
    if (at === '') return false;
  }
}
