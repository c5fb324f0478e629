import type { Workspace } from '../../plan/spec.ts';
import { UsageError } from '../arguments/usage-error.ts';

export interface WorkspaceChoice {
  readonly workspace: Workspace;
  /** One line for the user, where the rule did something that may surprise. */
  readonly note?: string;
}

/** Takes two absolute, normalised paths. */
export function isInside(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** Why a directory is not mounted unless it is asked for: it holds too much, or is no ordinary directory. */
function tooMuch(cwd: string, home: string): string | undefined {
  if (cwd === '/') return 'is the whole system';
  if (cwd === home) return 'is your home';
  if (isInside(home, cwd)) return 'holds your home';
  const kernel = ['/proc', '/sys', '/dev'].find((tree) => isInside(cwd, tree));
  return kernel && `belongs to ${kernel}`;
}

/**
 * Takes what was asked for (undefined: nothing), the current directory and the user's home, both real paths; gives the
 * workspace. Without a word a project's directory is writable and anything wider stays outside: secrets of the home must
 * not come in because a terminal happened to stand there. Throws UsageError for the root, which nothing may mount.
 */
export function workspaceFor(option: Workspace['kind'] | undefined, cwd: string, home: string): WorkspaceChoice {
  if (option === 'none') return { workspace: { kind: 'none' } };
  if (option !== undefined) {
    if (cwd !== '/') return { workspace: { kind: option, path: cwd } };
    throw new UsageError('--workspace: the current directory is /, which cannot be a workspace', {
      hint: 'cd to the directory to work in, or use --workspace none',
    });
  }
  const reason = tooMuch(cwd, home);
  if (reason === undefined) return { workspace: { kind: 'rw', path: cwd } };
  const way = cwd === '/' ? '' : ' (--workspace rw mounts it)';
  return { workspace: { kind: 'none' }, note: `the current directory ${reason}: not mounted${way}` };
}
