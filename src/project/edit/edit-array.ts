import type { ArrayValue, Element, Span } from './scan-toml.ts';

/** Replaces the characters of a span. */
export interface Change extends Span {
  readonly text: string;
}

/** Takes changes that do not overlap. */
export function applied(text: string, changes: readonly Change[]): string {
  const backwards = [...changes].sort((left, right) => right.start - left.start);
  return backwards.reduce((now, { start, end, text: by }) => now.slice(0, start) + by + now.slice(end), text);
}

/** Gives how lines end in a document: as the first one does. */
export function lineBreak(text: string): '\n' | '\r\n' {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
}

/** Gives where the line that has this position begins, and where it ends, without its line break. */
export function lineAround(text: string, at: number): Span {
  const end = text.indexOf('\n', at);
  const stop = end === -1 ? text.length : end;
  return { start: text.lastIndexOf('\n', at - 1) + 1, end: text[stop - 1] === '\r' && stop > at ? stop - 1 : stop };
}

/** Gives the white space with which the line begins that has this position. */
export function indentAt(text: string, at: number): string {
  const { start } = lineAround(text, at);
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? '';
}

const insertion = (at: number, text: string): Change => ({ start: at, end: at, text });

/** Takes items as they are to be written, at least one, and gives what puts them behind those of an array. */
export function withItems(text: string, array: ArrayValue, items: readonly string[]): readonly Change[] {
  const last = array.elements.at(-1);
  const closing = lineAround(text, array.end - 1);
  const isAlone = (at: number): boolean => text.slice(lineAround(text, at).start, at).trim() === '';
  // The bracket begins a line of its own: so does every item.
  if (closing.start > array.start && isAlone(array.end - 1)) return lines(text, array, items, closing.start);
  if (last === undefined) {
    // A comment behind the bracket would swallow what is put before the closing one, but not what follows `[`.
    return [insertion(array.start + 1, items.join(', ') + (text.slice(array.start + 1, array.end - 1).trim() && ','))];
  }
  if (last.comma === undefined) return [insertion(last.end, `, ${items.join(', ')}`)];
  return [insertion(last.comma + 1, ` ${items.join(', ')},`)];
}

/** `before`: where the line of the closing bracket begins. */
function lines(text: string, array: ArrayValue, items: readonly string[], before: number): readonly Change[] {
  const last = array.elements.at(-1);
  const isOnLine = last !== undefined && lineAround(text, last.start).start > array.start;
  const indent = isOnLine ? indentAt(text, last.start) : `${indentAt(text, array.start)}  `;
  const hasComma = last === undefined || last.comma !== undefined;
  const end = lineBreak(text);
  const added = items.map((item, index) => `${indent}${item}${hasComma || index < items.length - 1 ? ',' : ''}${end}`);
  return [...(hasComma ? [] : [insertion(last.end, ',')]), insertion(before, added.join(''))];
}

/** Gives what takes elements out of an array; comments stay, but the one behind an element that has its line to itself. */
export function withoutElements(text: string, array: ArrayValue, gone: ReadonlySet<number>): readonly Change[] {
  return [...gone].flatMap((index) => {
    const element = array.elements[index];
    if (element === undefined) return [];
    const before = array.elements[index - 1];
    return withoutElement(text, array, element, gone.has(index - 1) ? undefined : before);
  });
}

function withoutElement(text: string, array: ArrayValue, element: Element, before: Element | undefined): Change[] {
  const { start, end, comma } = element;
  const line = lineAround(text, start);
  const isWithin = line.start > array.start && line.end < array.end - 1;
  const isAlone =
    /^[ \t]*$/.test(text.slice(line.start, start)) && /^[ \t]*,?[ \t]*(#.*)?$/.test(text.slice(end, line.end));
  if (isWithin && isAlone && end <= line.end && (comma ?? start) < line.end) {
    return [{ start: line.start, end: text.indexOf('\n', line.end) + 1, text: '' }];
  }
  const isBlank = (from: number, to: number): boolean => text.slice(from, to).trim() === '';
  if (comma !== undefined) {
    if (!isBlank(end, comma)) return [change(start, end), change(comma, comma + 1)];
    const blanks = /^[ \t]*/.exec(text.slice(comma + 1))?.[0].length ?? 0;
    return [change(start, comma + 1 + blanks)];
  }
  // The comma before it may stay (a list may end in one), but looks better gone.
  const isPlain = before?.comma !== undefined && isBlank(before.end, before.comma) && isBlank(before.comma + 1, start);
  return [change(isPlain ? before.end : start, end)];
}

function change(start: number, end: number): Change {
  return { start, end, text: '' };
}
