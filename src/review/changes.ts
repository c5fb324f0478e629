import { AT } from '../linux/constants/open.ts';
import type { OpenPart } from './open-part.ts';
import { type Found, type OnSame, scan } from './scan.ts';
import { select } from './select.ts';
import { calls, look, parentOf, within } from './tree.ts';

/** Everything that was changed, the workspace first. */
export function scanAll(parts: readonly OpenPart[], onSame?: OnSame): Found[] {
  return parts.flatMap((part) => scan(part, onSame));
}

/** Says whether an entry of the upper directory is (still) the one that was found, by its directory and its name there. */
export function isStill({ stored, status }: Found, at: number): boolean {
  const now = look(at, stored);
  return now !== undefined && now.ino === status?.ino && now.dev === status.dev;
}

/** Takes an entry out of the upper directory; a directory only if nothing is in it any more. */
export function removeUpper(found: Found): void {
  if (found.status === undefined) return;
  const isDirectory = found.status.isDirectory();
  within(found.in.upper, parentOf(found.relative), 'stand', (at) => {
    if (isStill(found, at)) calls().files.unlinkat(at, found.stored, isDirectory ? AT.AT_REMOVEDIR : 0);
  });
}

/** Those that are selected, and the new directories that they lie in: without them they would have no place. */
export function selectWithPlaces(all: readonly Found[], patterns: readonly string[]): Found[] {
  const selected = new Set(select(all, patterns));
  const ancestors = new Set<string>();
  for (const each of selected) {
    for (let path = parentOf(each.path); path !== ''; path = parentOf(path)) ancestors.add(path);
  }
  const isPlace = ({ path, change }: Found): boolean =>
    change.kind === 'directory' && (change.change === 'added' || change.change === 'type') && ancestors.has(path);
  return all.filter((each) => selected.has(each) || isPlace(each));
}
