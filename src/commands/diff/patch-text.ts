import { isatty } from 'node:tty';
import { encodeBytes } from '../../linux/bytes.ts';
import type { Patch } from '../../review/model.ts';
import { type Colours, coloursOf } from '../../ui/colour.ts';
import { print, printBytes } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { lineOf } from './change-list.ts';

/** Prints patches: for a terminal in colour and with escape sequences made harmless, else byte by byte, for patch(1). */
export function printPatches(patches: readonly Patch[]): void {
  if (!isatty(1)) {
    for (const { text } of patches) printBytes(encodeBytes(text));
    return;
  }
  print(patches.map(({ text }) => shownPatch(text, coloursOf(1))).join(''));
}

/** The same for standard error, where the prompt of `try` is. */
export function shownPatch(text: string, colours: Colours): string {
  return text
    .split('\n')
    .map((line) => {
      const safe = printable(line);
      if (/^(diff|---|\+\+\+|old mode|new mode)/.test(line)) return colours.strong(safe);
      if (line.startsWith('+')) return colours.good(safe);
      if (line.startsWith('-')) return colours.bad(safe);
      return line.startsWith('@@') ? colours.faint(safe) : safe;
    })
    .join('\n');
}

/** As `git diff --stat`: lines added and removed of each file. */
export function statText(patches: readonly Patch[]): string {
  const rows = patches.map(({ path, isBinary, added, removed }) => {
    return ` ${lineOf(path)} | ${isBinary ? 'binary' : `+${added} -${removed}`}\n`;
  });
  const sum = (of: (patch: Patch) => number): number => patches.reduce((total, patch) => total + of(patch), 0);
  const files = `${patches.length} ${patches.length === 1 ? 'file' : 'files'}`;
  return `${rows.join('')} ${files} changed, ${sum(({ added }) => added)} lines added, ${sum(({ removed }) => removed)} removed\n`;
}
