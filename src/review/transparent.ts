import { FILE_TYPE } from '../linux/constants/open.ts';
import { markOpaque } from '../linux/overlay-form.ts';
import { entriesOf, isOpaqueDirectory, lowerNames, makeTransparent } from './layers.ts';
import type { OpenPart } from './open-part.ts';
import { below, calls, done, errnoOf, isElsewhere, openBelow } from './tree.ts';

/**
 * Turns "nothing below counts" of opaque directories into a whiteout for each entry that is there below. Only then an entry
 * can be taken out of such a directory, because it was applied, without looking deleted; and every step can be interrupted:
 * the whiteouts change nothing as long as the directory is opaque. What is inside hides as much, which overlayfs does not note
 * there: that is written down first.
 */
export function makePartTransparent(open: OpenPart): void {
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const name of makeDirectoryTransparent(open, path)) pending.push(below(path, name));
  }
}

/** Gives the directories in it. */
function makeDirectoryTransparent(open: OpenPart, path: string): string[] {
  const { files } = calls();
  const upper = openBelow(open.upper, path, 'read');
  if (isElsewhere(upper)) return [];
  done(upper, 'open', path);
  try {
    const entries = entriesOf(upper);
    if (isOpaqueDirectory(upper)) {
      for (const { name, status, hides } of entries) if (!hides && status.isDirectory()) passOn(upper, name);
      const here = new Set(entries.map(({ name }) => name));
      for (const name of namesBelow(open, path)) if (!here.has(name)) makeWhiteout(upper, name);
      makeTransparent(upper);
    }
    return entries.filter(({ status, hides }) => !hides && status.isDirectory()).map(({ name }) => name);
  } finally {
    files.close(upper);
  }
}

function passOn(directory: number, name: string): void {
  const inside = done(openBelow(directory, name, 'read'), 'open', name);
  try {
    if (!isOpaqueDirectory(inside)) done(markOpaque(calls().files, inside), 'mark', name);
  } finally {
    calls().files.close(inside);
  }
}

function makeWhiteout(directory: number, name: string): void {
  const made = calls().files.mknodat(directory, name, FILE_TYPE.S_IFCHR | 0o600);
  if (made !== -errnoOf('EEXIST')) done(made, 'note the deletion of', name);
}

/** What any layer below has in a directory of that path. A host that the sandbox did not see is none of them. */
function namesBelow({ lowers }: OpenPart, path: string): Set<string> {
  const { files } = calls();
  const names = new Set<string>();
  for (const root of lowers) {
    const directory = openBelow(root, path, 'read');
    if (directory < 0) continue;
    try {
      for (const name of lowerNames([directory])) names.add(name);
    } finally {
      files.close(directory);
    }
  }
  return names;
}
