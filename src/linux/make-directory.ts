import { mkdirSync, statSync } from 'node:fs';
import { fsPath } from './paths.ts';

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Another process may be faster. */
function makeChild(path: string): void {
  try {
    mkdirSync(fsPath(path), { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/**
 * Makes a directory of mode 0700 and what is missing above it. Throws what mkdir(2) does, EEXIST where something else
 * is in the way. Node's own `recursive` never ends where mkdir(2) says ENOENT below an existing directory (/proc, a
 * dangling link).
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(fsPath(path), { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    const end = path.lastIndexOf('/');
    if (code === 'ENOENT' && end > 0) {
      const parent = path.slice(0, end);
      if (statSync(fsPath(parent), { throwIfNoEntry: false }) !== undefined) throw error;
      makeDirectory(parent);
      makeChild(path);
    } else if (code !== 'EEXIST' || !statSync(fsPath(path)).isDirectory()) throw error;
  }
}
