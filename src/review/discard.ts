import { removeUpper, scanAll } from './changes.ts';
import type { OpenPart } from './open-part.ts';
import type { Found } from './scan.ts';
import { select } from './select.ts';
import { makePartTransparent } from './transparent.ts';
import { baseOf, calls, done, look, modeOf, namesIn, openBelow, parentOf, removeTree, within } from './tree.ts';

/** Throws changes away: what is selected is in the sandbox again as it was. Gives the paths. */
export function discardChanges(parts: readonly OpenPart[], patterns: readonly string[]): string[] {
  const all = scanAll(parts);
  if (patterns.length === 0) {
    for (const part of parts) emptyUpper(part);
    return all.map(({ path }) => path);
  }
  const paths = new Set(select(all, patterns).map(({ path }) => path));
  for (const part of parts) if (all.some((each) => each.in === part && paths.has(each.path))) makePartTransparent(part);
  const found = scanAll(parts).filter(({ path }) => paths.has(path));
  for (const each of [...found].reverse()) discardOne(each);
  return [...paths];
}

function emptyUpper({ upper }: OpenPart): void {
  const directory = done(openBelow(upper, '.', 'read'), 'open', 'the changes');
  try {
    for (const name of namesIn(directory)) removeTree(directory, name);
  } finally {
    calls().files.close(directory);
  }
}

function discardOne(each: Found): void {
  const { change, relative, in: open } = each;
  if (change.kind !== 'directory' || change.change === 'deleted') {
    removeUpper(each);
    return;
  }
  const isNew = change.change !== 'modified';
  within(open.upper, parentOf(relative), 'stand', (at) => {
    if (isNew) removeTree(at, each.stored);
  });
  if (isNew) return;
  removeUpper(each);
  // Something that was not discarded is still in it: it gets back the mode of the one below.
  within(open.upper, relative, 'read', (at) => {
    const before = open.lowers.map((lower) =>
      within(lower, parentOf(relative), 'stand', (below) => look(below, baseOf(relative))),
    );
    const status = before.find((entry) => entry?.isDirectory());
    if (status !== undefined) calls().files.fchmod(at, modeOf(status));
  });
}
