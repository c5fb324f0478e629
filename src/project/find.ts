import { lstatSync } from 'node:fs';
import { encodeBytes } from '../linux/bytes.ts';
import { ProjectError } from './error.ts';

export const PROJECT_FILE = 'sandbox.toml';
export const LOCAL_FILE = 'sandbox.local.toml';
export const LOCK_FILE = 'sandbox.lock';

/**
 * Takes an absolute real path and gives the nearest directory from there upward that has a sandbox.toml. A file that belongs to
 * somebody else is none: in /tmp anybody can put one above everybody's directories (as git's safe.directory, CVE-2022-24765).
 */
export function findProject(from: string, uid = process.getuid?.() ?? 0): string | undefined {
  for (let directory = from; ; directory = directory.slice(0, directory.lastIndexOf('/'))) {
    const about = lstatSync(encodeBytes(`${directory}/${PROJECT_FILE}`), { throwIfNoEntry: false });
    if (about?.isFile() && (about.uid === uid || about.uid === 0)) return directory === '' ? '/' : directory;
    if (directory === '' || directory === '/') return undefined;
  }
}

/** The same, where there has to be one. Throws a ProjectError. */
export function expectProject(from: string): string {
  const found = findProject(from);
  if (found !== undefined) return found;
  throw new ProjectError('NO_PROJECT', `there is no ${PROJECT_FILE} in ${from} or above`, {
    hint: '`sandbox init` writes one',
  });
}
