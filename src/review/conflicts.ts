import { isApplied } from './compare.ts';
import type { Obstacle } from './model.ts';
import type { Found } from './scan.ts';
import {
  baseOf,
  below,
  bornAt,
  calls,
  done,
  isElsewhere,
  kindOf,
  look,
  namesIn,
  openBelow,
  parentOf,
  type Status,
  TreeFailure,
} from './tree.ts';

/** Whether an entry of the host may become what the sandbox made of it. */
export type Verdict =
  | { readonly kind: 'clear' }
  /** The host has it so already. */
  | { readonly kind: 'applied' }
  | { readonly kind: 'conflict'; readonly reason: string };

const CLEAR: Verdict = { kind: 'clear' };
const APPLIED: Verdict = { kind: 'applied' };
const CHANGED = 'it was changed on the host since';
const conflict = (reason: string): Verdict => ({ kind: 'conflict', reason });

/**
 * Says whether the host still has what the sandbox saw. A file that was changed, replaced, renamed or made later than the
 * sandbox's entry has a later ctime, which nobody can set (inode(7)); of the sandbox's entry the time of birth counts. A
 * directory's ctime changes with what is in it, so what counts is when it was made. `replaced`: places of directories that come
 * first, in the place of something else.
 */
export function judge(found: Found, replaced: ReadonlySet<string> = new Set()): Verdict {
  const host = found.in.host;
  if (host === undefined) return conflict('it has no place on the host');
  const parent = openBelow(host, parentOf(found.relative), 'stand');
  if (isElsewhere(parent)) return judgeWithoutParent(found, host, replaced);
  done(parent, 'open', found.relative);
  try {
    return judgeIn(found, parent);
  } finally {
    calls().files.close(parent);
  }
}

/** The way to it is not there, or something else is in the way. */
function judgeWithoutParent(
  { change, relative, in: open }: Found,
  host: number,
  replaced: ReadonlySet<string>,
): Verdict {
  const steps = relative.split('/').slice(0, -1);
  let path = '';
  for (const step of steps) {
    const parent = openBelow(host, path, 'stand');
    if (isElsewhere(parent)) break;
    done(parent, 'open', relative);
    const status = look(parent, step);
    calls().files.close(parent);
    if (status === undefined) break;
    path = below(path, step);
    if (replaced.has(`${open.upper}:${path}`)) break;
    if (status.isSymbolicLink()) return conflict('a directory on the way to it is a symbolic link on the host');
  }
  return change.change === 'deleted' ? APPLIED : CLEAR;
}

function judgeIn(found: Found, parent: number): Verdict {
  const { change, since, status } = found;
  const name = baseOf(found.relative);
  const there = look(parent, name);
  if (there === undefined) return change.change === 'deleted' ? APPLIED : CLEAR;
  if (change.change === 'deleted') return isLater(parent, name, there, since) ? conflict(CHANGED) : CLEAR;
  if (status === undefined) return CLEAR;
  if (status.isDirectory() && there.isDirectory()) return CLEAR;
  if (isEqual(found, { directory: parent, name, status: there })) return APPLIED;
  if (change.change === 'added' && !found.in.part.hostIsLower) {
    return conflict('it is there on the host, where the sandbox saw nothing');
  }
  return isLater(parent, name, there, since) ? conflict(CHANGED) : CLEAR;
}

/** Whether the upper entry, which is looked for again, is what the host has. */
function isEqual({ in: { upper }, relative, stored }: Found, host: Parameters<typeof isApplied>[1]): boolean {
  const directory = openBelow(upper, parentOf(relative), 'stand');
  if (directory < 0) return false;
  try {
    const status = look(directory, stored);
    return status !== undefined && isApplied({ directory, name: stored, status }, host);
  } finally {
    calls().files.close(directory);
  }
}

/** Whether an entry, or one below it, is younger than a moment in nanoseconds. What may not be looked at is. */
function isLater(directory: number, name: string, status: Status, since: bigint): boolean {
  if (kindOf(status) !== 'directory') return status.ctimeNs > since;
  const pending = [{ path: name, status }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (bornAt(next.status) > since) return true;
    const at = openBelow(directory, next.path, 'read');
    if (at < 0) return true;
    try {
      for (const child of namesIn(at)) {
        const about = look(at, child);
        if (about?.isDirectory()) pending.push({ path: `${next.path}/${child}`, status: about });
        else if (about !== undefined && about.ctimeNs > since) return true;
      }
    } finally {
      calls().files.close(at);
    }
  }
  return false;
}

/** All that is in the way of applying these changes: in their order. */
export function conflictsOf(found: readonly Found[]): Obstacle[] {
  const isPlace = ({ change }: Found): boolean => change.change === 'type' && change.kind === 'directory';
  const replaced = new Set(found.filter(isPlace).map((each) => `${each.in.upper}:${each.relative}`));
  return found.flatMap((each): Obstacle[] => {
    if (each.change.refusal !== undefined) return [];
    try {
      const verdict = judge(each, replaced);
      return verdict.kind === 'conflict' ? [{ path: each.path, reason: verdict.reason }] : [];
    } catch (error) {
      // What may not even be looked at may not be written to either, which is no conflict.
      if (error instanceof TreeFailure || (error instanceof Error && 'errno' in error)) return [];
      throw error;
    }
  });
}
