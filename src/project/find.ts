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
  for (const directory of upward(from)) {
    const owner = ownerOf(directory);
    if (owner === uid || owner === 0) return directory;
  }
  return undefined;
}

/** The same, where there has to be one. Throws a ProjectError. */
export function expectProject(from: string, uid = process.getuid?.() ?? 0): string {
  const found = findProject(from, uid);
  if (found !== undefined) return found;
  for (const directory of upward(from)) {
    const owner = ownerOf(directory);
    if (owner === undefined) continue;
    const file = fileIn(directory);
    throw new ProjectError('NO_PROJECT', `${file} belongs to another user (${owner}), so it does not count for you`, {
      hint: 'it says what is run as you: make it yours (chown, or a copy of the project), or `sandbox init` in a directory of yours',
    });
  }
  throw new ProjectError('NO_PROJECT', `there is no ${PROJECT_FILE} in ${from} or above`, {
    hint: '`sandbox init` writes one',
  });
}

function fileIn(directory: string): string {
  return `${directory === '/' ? '' : directory}/${PROJECT_FILE}`;
}

/** The user that a directory's sandbox.toml belongs to; undefined where there is none, or no regular file. */
function ownerOf(directory: string): number | undefined {
  const about = lstatSync(encodeBytes(fileIn(directory)), { throwIfNoEntry: false });
  return about?.isFile() ? about.uid : undefined;
}

/** The directory and those above it, the nearest first. */
function* upward(from: string): Generator<string> {
  for (let directory = from; ; directory = directory.slice(0, directory.lastIndexOf('/'))) {
    yield directory === '' ? '/' : directory;
    if (directory === '' || directory === '/') return;
  }
}
