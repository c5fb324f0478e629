import type { Change } from '../../review/model.ts';
import type { Colours, Paint } from '../../ui/colour.ts';
import { printable } from '../../ui/printable.ts';
import { byteText } from '../../ui/quantity.ts';

const LETTERS = { added: 'A', modified: 'M', deleted: 'D', type: 'T' } as const;

/** Takes a path and gives it in one line, whatever is in it. */
export function lineOf(path: string): string {
  return printable(path).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** Largest first, then by name. */
export function largestFirst(changes: readonly Change[]): Change[] {
  const weight = ({ size, oldSize }: Change): number => Math.max(size, oldSize ?? 0);
  return [...changes].sort((a, b) => weight(b) - weight(a) || (a.path < b.path ? -1 : 1));
}

function sizeOf(change: Change): string {
  if (change.change === 'deleted') {
    return change.kind === 'file' || change.kind === 'directory' ? `-${byteText(change.size)}` : '';
  }
  return change.kind === 'file' ? byteText(change.size) : '';
}

/** What there is to say besides the letter. */
function remarks(change: Change): string {
  const parts: string[] = [];
  const { kind, was, aspects, oldMode, mode, oldSize } = change;
  if (change.change === 'type') parts.push(`${was} is now a ${kind}`);
  else if (kind !== 'file' && kind !== 'directory' && kind !== 'symlink') parts.push(kind);
  if (change.files !== undefined) parts.push(`with ${change.files} ${change.files === 1 ? 'file' : 'files'}`);
  if (change.change === 'modified' && aspects.includes('content') && oldSize !== undefined && oldSize !== change.size) {
    parts.push(`was ${byteText(oldSize)}`);
  }
  if (aspects.includes('mode') && oldMode !== undefined) parts.push(`mode ${octal(oldMode)} to ${octal(mode)}`);
  if (aspects.includes('owner')) parts.push('owner');
  if (aspects.includes('xattrs')) parts.push('attributes');
  return parts.join(', ');
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

function paintOf({ change }: Change, colours: Colours): Paint {
  if (change === 'added') return colours.good;
  return change === 'deleted' ? colours.bad : colours.warning;
}

/** A line a change: letter, size, path, remarks; and what is to be looked at twice. */
export function changeLines(changes: readonly Change[], colours: Colours): string {
  const sizes = changes.map(sizeOf);
  const width = Math.max(0, ...sizes.map((size) => size.length));
  return changes
    .map((change, at) => {
      const { kind, target } = change;
      const path = `${lineOf(change.path)}${kind === 'directory' ? '/' : ''}`;
      const link = target === undefined ? '' : ` -> ${lineOf(target)}`;
      const remark = remarks(change);
      const warning = change.warnings.map((each) => lineOf(each)).join('; ');
      const tail = [
        ...(remark === '' ? [] : [colours.faint(`(${remark})`)]),
        ...(warning === '' ? [] : [colours.warning(`! ${warning}`)]),
      ];
      const letter = paintOf(change, colours)(LETTERS[change.change]);
      return `${[`${letter}  ${(sizes[at] ?? '').padStart(width)}  ${path}${link}`, ...tail].join('  ')}\n`;
    })
    .join('');
}

/** One line with the sums. */
export function totals(changes: readonly Change[]): string {
  const count = (...kinds: ReadonlyArray<Change['change']>): number =>
    changes.filter(({ change }) => kinds.includes(change)).length;
  const gained = changes.filter(({ change }) => change !== 'deleted').reduce((sum, { size }) => sum + size, 0);
  const parts = [
    [count('added'), 'added'],
    [count('modified', 'type'), 'modified'],
    [count('deleted'), 'deleted'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  const later = changes.filter(({ warnings }) => warnings.length > 0).length;
  const marked = later === 0 ? '' : `; ${later} to look at twice (!)`;
  return `${told.join(', ')}; ${byteText(gained)}${marked}`;
}
