import type { Goal, Section } from '../goals.ts';
import type { StartUp } from '../start-up.ts';

/** A table as data; the first line is the heading. */
export type Table = readonly (readonly string[])[];

function digits(value: number, unit: string): string {
  return value.toFixed(unit === 'ms' ? 2 : unit === '×' ? 2 : unit === 'MB' ? 1 : 0);
}

export function goalsTable(goals: readonly Goal[]): Table {
  const rows = goals.map(({ measure, value, unit, must, aim, verdict }) => {
    const shown = value === undefined ? '–' : `${digits(value, unit)} ${unit}`;
    return [measure, shown, `≤ ${must} ${unit}`, `≤ ${aim} ${unit}`, verdict];
  });
  return [['what', 'measured', 'must', 'aim', ''], ...rows];
}

export function sectionTable({ outcomes, unit, reference }: Section): Table {
  const base = outcomes.get(reference);
  const rows = [...outcomes].map(([name, outcome]) => {
    if (outcome.kind === 'unmeasured') return [name, '–', '–', '–', outcome.reason];
    const ratio = base?.kind === 'measured' ? (outcome.median / base.median).toFixed(2) : '';
    return [name, digits(outcome.median, unit), digits(outcome.least, unit), ratio, String(outcome.runs)];
  });
  return [['what', `median ${unit}`, `least ${unit}`, `× ${reference}`, 'runs'], ...rows];
}

export function phasesTable({ phases }: StartUp): Table {
  const sum = phases.reduce((total, { milliseconds }) => total + milliseconds, 0);
  const rows = phases.map(({ name, milliseconds }) => [name, milliseconds.toFixed(2)]);
  return [['phase', 'ms'], ...rows, ['all', sum.toFixed(2)]];
}

/** A table in plain text, its columns aligned. */
export function plainTable(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => [...(row[column] ?? '')].length)));
  const pad = (text: string, column: number): string => text + ' '.repeat((widths[column] ?? 0) - [...text].length);
  return table.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

/** A table in Markdown. */
export function markdownTable(table: Table): string {
  const [head = [], ...rows] = table;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
