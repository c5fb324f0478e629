import { type Assembler, type Target, verdict } from './assembler.ts';
import { type ArgumentWidth, writeDecision } from './conditions.ts';
import type { Decision } from './decision.ts';
import { DATA } from './instruction.ts';

/** Numbers from `start` to the next range's start. */
interface Range {
  readonly start: number;
  readonly decision: Decision;
}

/** Merges neighbours with the same verdict; a call with conditions is a range by itself. */
function ranges(decisions: ReadonlyMap<number, Decision>, otherwise: number): Range[] {
  const result: Range[] = [];
  const add = (start: number, decision: Decision): void => {
    const last = result.at(-1)?.decision;
    const same = last?.branches.length === 0 && decision.branches.length === 0 && last.otherwise === decision.otherwise;
    if (!same) result.push({ start, decision });
  };
  let next = 0;
  for (const [number, decision] of [...decisions].sort(([a], [b]) => a - b)) {
    if (number > next) add(next, { branches: [], otherwise });
    add(number, decision);
    next = number + 1;
  }
  add(next, { branches: [], otherwise });
  return result;
}

/** What becomes of the calls of one machine. */
export interface CallTable {
  readonly decisions: ReadonlyMap<number, Decision>;
  /** What the filter returns for numbers that are not in it. */
  readonly otherwise: number;
  /** What it returns from this number on. */
  readonly end?: { readonly number: number; readonly verdict: number };
  readonly width: ArgumentWidth;
}

/** Writes a binary search over the numbers, and gives its first instruction. */
export function writeTree(assembler: Assembler, { decisions, otherwise, end, width }: CallTable): Target {
  const sorted = ranges(decisions, otherwise);
  if (end) sorted.push({ start: end.number, decision: { branches: [], otherwise: end.verdict } });
  const search = (from: number, to: number): Target => {
    const range = sorted[from];
    if (range === undefined) return verdict(otherwise);
    if (to - from === 1) return writeDecision(assembler, range.decision, width);
    const middle = (from + to) >> 1;
    const above = search(middle, to);
    const below = search(from, middle);
    return assembler.branch('greaterOrEqual', sorted[middle]?.start ?? 0, above, below);
  };
  const root = search(0, sorted.length);
  return root.kind === 'verdict' || sorted.length === 1 ? root : assembler.load(DATA.number);
}
