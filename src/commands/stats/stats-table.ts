import type { Usage } from '../../cgroup/statistics.ts';
import { byteText } from '../../ui/quantity.ts';
import { tableForOutput } from '../../ui/table.ts';

/** A sandbox as `stats` shows it; with `--json`, as it is. */
export interface Row extends Usage {
  readonly name: string;
  readonly id: string;
  /** Of one processor, over the time of watching. */
  readonly cpuPercent: number | undefined;
}

const NONE = '-';

function bytes(value: number | undefined): string {
  return value === undefined ? NONE : byteText(value);
}

function withLimit(value: number | undefined, limit: number | undefined, show: (value: number) => string): string {
  if (value === undefined) return NONE;
  return limit === undefined ? show(value) : `${show(value)} / ${show(limit)}`;
}

function share(part: number | undefined, whole: number | undefined): string {
  return part === undefined || !whole ? NONE : `${((part / whole) * 100).toFixed(1)}%`;
}

function pressures({ pressure: { cpu, memory, io } }: Usage): string {
  if (!cpu && !memory && !io) return NONE;
  return [cpu, memory, io].map((each) => (each === undefined ? NONE : each.some.avg10.toFixed(1))).join(' ');
}

/** Gives the table of `stats`. */
export function statsTable(rows: readonly Row[]): string {
  return tableForOutput<Row>(
    [
      { heading: 'NAME', text: ({ name }) => name },
      { heading: 'CPU %', text: ({ cpuPercent }) => (cpuPercent === undefined ? NONE : `${cpuPercent.toFixed(1)}%`) },
      { heading: 'MEM / LIMIT', text: ({ memory, memoryLimit }) => withLimit(memory, memoryLimit, byteText) },
      { heading: 'MEM %', text: ({ memory, memoryLimit }) => share(memory, memoryLimit) },
      { heading: 'PIDS', text: ({ pids, pidsLimit }) => withLimit(pids, pidsLimit, String) },
      { heading: 'READ', text: ({ ioRead }) => bytes(ioRead) },
      { heading: 'WRITTEN', text: ({ ioWritten }) => bytes(ioWritten) },
      { heading: 'PRESSURE', text: pressures },
    ],
    rows,
  );
}
