import { stripVTControlCharacters } from 'node:util';
import { widthOf } from '../width.ts';

/** What takes the last block away: up to its first line, and everything from there to the screen's end; ECMA-48 CUU, ED. */
function away(rows: number): string {
  return rows === 0 ? '' : `\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}\x1b[J`;
}

/** Rows that lines take on a terminal of so many columns: one that became narrower wraps what it shows. */
export function rowsTaken(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => {
    const width = widthOf(stripVTControlCharacters(line));
    return sum + Math.max(1, Math.ceil(width / Math.max(1, columns)));
  }, 0);
}

/** Lines at the end of a terminal's output that are replaced as a whole. */
export interface Block {
  /** Takes the new lines and the terminal's columns; gives what is to be written. */
  readonly replace: (lines: readonly string[], columns: number) => string;
  /** Gives what takes the block away, so that something else can be written; `replace` brings it back. */
  readonly clear: (columns: number) => string;
}

export function block(): Block {
  let shown: readonly string[] = [];
  return {
    replace: (lines, columns) => {
      const text = away(rowsTaken(shown, columns)) + lines.join('\n');
      shown = lines;
      return text;
    },
    clear: (columns) => {
      const text = away(rowsTaken(shown, columns));
      shown = [];
      return text;
    },
  };
}
