import { closeSync, openSync, readdirSync } from 'node:fs';
import { hostArch } from '../../../linux/arch.ts';
import { AT, OPEN } from '../../../linux/constants/open.ts';
import type { FileCalls } from '../../../linux/file-calls.ts';
import { fromLatin1, fsPath, toLatin1 } from '../../../linux/paths.ts';
import { ERRNO, must } from './failure.ts';
import { baseOf, parentOf } from './unsafe-path.ts';

const FLAGS = OPEN[hostArch()];
const READ = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;

/**
 * Takes a directory's descriptor and gives the names in it, Latin-1. With its own mount of /proc or without: the descriptor
 * is this process's own.
 */
export function namesIn(descriptor: number): string[] {
  return readdirSync(`/proc/self/fd/${descriptor}`, { encoding: 'latin1' });
}

/**
 * Removes the directory `name` and everything below it, links as links. Depth costs neither stack nor descriptors: the way
 * back up is `..`, which nobody can turn elsewhere while only we change the tree.
 */
export function removeTree(calls: FileCalls, directory: number, name: string): void {
  const enter = (from: number, child: string): number =>
    must(calls.openat(from, child, READ, 0), name, 'open a directory');
  let at = enter(directory, name);
  const above: { names: string[]; name: string }[] = [];
  let names = namesIn(at);
  try {
    for (;;) {
      const next = names.pop();
      if (next !== undefined) {
        const result = removeOne(calls, at, next);
        if (result === 'not empty') {
          const child = enter(at, next);
          calls.close(at);
          at = child;
          above.push({ names, name: next });
          names = namesIn(at);
        }
        continue;
      }
      const frame = above.pop();
      if (frame === undefined) break;
      const parent = enter(at, '..');
      calls.close(at);
      at = parent;
      must(calls.unlinkat(at, frame.name, AT.AT_REMOVEDIR), name, 'remove a directory');
      names = frame.names;
    }
  } finally {
    calls.close(at);
  }
  must(calls.unlinkat(directory, name, AT.AT_REMOVEDIR), name, 'remove a directory');
}

function removeOne(calls: FileCalls, directory: number, name: string): 'removed' | 'not empty' {
  const result = calls.unlinkat(directory, name, 0);
  if (result >= 0) return 'removed';
  if (result !== -ERRNO.EISDIR && result !== -ERRNO.EPERM) must(result, name, 'remove it');
  const asDirectory = calls.unlinkat(directory, name, AT.AT_REMOVEDIR);
  if (asDirectory === -ERRNO.ENOTEMPTY || asDirectory === -ERRNO.EEXIST) return 'not empty';
  must(asDirectory, name, 'remove it');
  return 'removed';
}

/** Removes the tree at an absolute path (a byte string), as far as that goes: it lies in a directory that is garbage alone. */
export function discardTree(calls: FileCalls, path: string): void {
  const latin1 = toLatin1(path);
  try {
    const parent = openSync(fsPath(fromLatin1(parentOf(latin1))), READ);
    try {
      removeTree(calls, parent, baseOf(latin1));
    } finally {
      closeSync(parent);
    }
  } catch {
    // The garbage collection tries it again.
  }
}
