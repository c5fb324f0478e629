import { isatty } from 'node:tty';
import { type Colours, coloursOf } from './colour.ts';
import { printable } from './printable.ts';
import { pad, widthOf } from './width.ts';

export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  /** May be cut where the line is too long for the terminal; others never are. */
  readonly mayShrink?: boolean;
}

const GAP = '  ';
/** A column that shrinks keeps at least so many characters. */
const SMALLEST = 8;

/**
 * Takes columns, rows and the width of the terminal in characters (Infinity: none, nothing is cut); gives the lines, each
 * with its end. Columns are aligned; those that may shrink give way, the widest first.
 */
export function tableText<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, colours }: { readonly width: number; readonly colours: Colours },
): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row)).replace(/[\n\t]/g, ' ')));
  const widths = columns.map(({ heading }, index) =>
    cells.reduce((most, line) => Math.max(most, widthOf(line[index] ?? '')), widthOf(heading)),
  );
  const smallest = (index: number): number => Math.max(SMALLEST, widthOf(columns[index]?.heading ?? ''));
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1)) - width;
  while (excess > 0) {
    const shrinkable = [...columns.keys()].filter((at) => columns[at]?.mayShrink && (widths[at] ?? 0) > smallest(at));
    const widest = shrinkable.reduce<number | undefined>(
      (best, at) => (best === undefined || (widths[at] ?? 0) > (widths[best] ?? 0) ? at : best),
      undefined,
    );
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => pad(text, widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  const head = colours.strong(line(columns.map(({ heading }) => heading)));
  return [head, ...cells.map(line)].map((text) => `${text}\n`).join('');
}

/** `tableText` for standard output: as wide as the terminal there, uncut and uncoloured where there is none. */
export function tableForOutput<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  // The stream is only opened on a terminal, where it does no harm to others.
  const width = isatty(1) ? process.stdout.columns || Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY;
  return tableText(columns, rows, { width, colours: coloursOf(1) });
}
