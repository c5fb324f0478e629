import type { Workspace } from '../../plan/spec.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { realPathIfAny } from './host-files.ts';
import { ownStore } from './own-store.ts';

export interface WorkspaceChoice {
  readonly workspace: Workspace;
  /** One line for the user, where the rule did something that may surprise. */
  readonly note?: string;
}

/** Takes two absolute, normalised paths. */
export function isInside(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** Directories that belong to no project: everybody's, with the sockets of agents, displays and buses. */
const SHARED = ['/tmp', '/var/tmp', '/dev/shm', '/var', '/run', '/run/user'];

/** Those of the host would lie over the sandbox's own, at their own path. */
function kernelTree(cwd: string): string | undefined {
  return ['/proc', '/sys', '/dev'].find((tree) => isInside(cwd, tree));
}

/** Why a directory is not mounted unless it is asked for: it holds too much, or is no ordinary directory. */
function tooMuch(cwd: string, home: string, store: string): string | undefined {
  if (cwd === '/') return 'is the whole system';
  if (cwd === home) return 'is your home';
  if (isInside(home, cwd)) return 'holds your home';
  const kernel = kernelTree(cwd);
  if (kernel !== undefined) return `belongs to ${kernel}`;
  // Launchers of later sandboxes lie there: whoever can write to them runs outside.
  if (isInside(store, cwd)) return 'holds the store of sandboxes';
  if (isInside(cwd, store)) return 'belongs to the store of sandboxes';
  if (SHARED.includes(cwd)) return 'is shared with all that runs here';
  return /^\/run\/user\/\d+$/.test(cwd) ? 'holds the sockets of your session' : undefined;
}

/**
 * Takes what was asked for (undefined: nothing), the current directory, the user's home and the store, all real paths; gives
 * the workspace. Without a word a project's directory is writable and anything wider stays outside: secrets of the home must
 * not come in because a terminal happened to stand there. Throws UsageError for the root and the kernel's, which nothing may mount.
 */
export function workspaceFor(
  option: Workspace['kind'] | undefined,
  cwd: string,
  home: string,
  store = realPathIfAny(ownStore()),
): WorkspaceChoice {
  if (option === 'none') return { workspace: { kind: 'none' } };
  if (option !== undefined) {
    const kernel = kernelTree(cwd);
    if (kernel !== undefined) {
      throw new UsageError(`--workspace: the current directory belongs to ${kernel}, which cannot be a workspace`, {
        hint: 'cd to the directory to work in, or use --workspace none',
      });
    }
    if (cwd !== '/') return { workspace: { kind: option, path: cwd } };
    throw new UsageError('--workspace: the current directory is /, which cannot be a workspace', {
      hint: 'cd to the directory to work in, or use --workspace none',
    });
  }
  const reason = tooMuch(cwd, home, store);
  if (reason === undefined) return { workspace: { kind: 'rw', path: cwd } };
  const way = cwd === '/' || kernelTree(cwd) !== undefined ? '' : ' (--workspace rw mounts it)';
  return { workspace: { kind: 'none' }, note: `the current directory ${reason}: not mounted${way}` };
}
