import type { Goal } from '../goals.ts';
import type { Table } from './tables.ts';

/** A part of the report: a title, and perhaps a table and text. */
export interface Part {
  readonly title: string;
  readonly table: Table;
  readonly note?: string;
}

/** What a section of the benchmark gives. */
export interface Measured {
  readonly parts: readonly Part[];
  readonly goals: readonly Goal[];
}
