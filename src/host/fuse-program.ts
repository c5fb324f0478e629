import { findProgram } from './ids.ts';

/** fuse-overlayfs(1), of the Debian and Fedora package of that name. */
export const FUSE_PROGRAM = 'fuse-overlayfs';

/** Gives its absolute path, undefined where it is not installed. */
export function findFuseProgram(): string | undefined {
  return findProgram(FUSE_PROGRAM, process.env.PATH ?? '');
}
