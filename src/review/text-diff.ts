/** One line of a comparison: kept, gone or new. */
export interface DiffLine {
  readonly kind: ' ' | '-' | '+';
  readonly text: string;
}

/** Beyond so many differing lines the shortest script is not looked for: all old lines go, all new ones come. */
const MOST_DIFFERENCES = 3000;

/**
 * Compares two lists of lines: E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the greedy form, after
 * what both begin and end with.
 */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: ' ', text }));
  return [
    ...same(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const trace = search(before, after);
  if (trace === undefined) {
    return [
      ...before.map((text): DiffLine => ({ kind: '-', text })),
      ...after.map((text): DiffLine => ({ kind: '+', text })),
    ];
  }
  const lines: DiffLine[] = [];
  let x = before.length;
  let y = after.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const furthest = trace[d] ?? new Int32Array(0);
    const at = (k: number): number => furthest[k + d + 1] ?? -1;
    const k = x - y;
    const goesDown = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const previous = goesDown ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : at(previous);
    const fromY = d === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY && !(d > 0 && x === fromX + (goesDown ? 0 : 1) && y === fromY + (goesDown ? 1 : 0))) {
      x -= 1;
      y -= 1;
      lines.push({ kind: ' ', text: before[x] ?? '' });
    }
    if (d === 0) break;
    if (goesDown) {
      y -= 1;
      lines.push({ kind: '+', text: after[y] ?? '' });
    } else {
      x -= 1;
      lines.push({ kind: '-', text: before[x] ?? '' });
    }
  }
  return lines.reverse();
}

/** For each number of differences the furthest that was reached on each diagonal before it; undefined: too many. */
function search(before: readonly string[], after: readonly string[]): Int32Array[] | undefined {
  const most = Math.min(before.length + after.length, MOST_DIFFERENCES);
  const trace: Int32Array[] = [];
  let furthest = new Int32Array(3).fill(-1);
  furthest[2] = 0; // diagonal 1, so that the first step down starts at 0
  for (let d = 0; d <= most; d++) {
    trace.push(furthest);
    const next = new Int32Array(2 * d + 5).fill(-1);
    const at = (k: number): number => furthest[k + d + 1] ?? -1;
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      let y = x - k;
      while (x < before.length && y < after.length && before[x] === after[y]) {
        x += 1;
        y += 1;
      }
      next[k + d + 2] = x;
      if (x >= before.length && y >= after.length) return trace;
    }
    furthest = next;
  }
  return undefined;
}

const CONTEXT = 3;
const NO_NEWLINE = '\\ No newline at end of file\n';

/** Splits text into lines with their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

export interface Hunks {
  readonly text: string;
  readonly added: number;
  readonly removed: number;
}

/** Takes two texts and gives the hunks of a unified diff, as `diff -u` and patch(1) have them. */
export function unifiedHunks(before: string, after: string): Hunks {
  const lines = diffLines(linesOf(before), linesOf(after));
  const changed = lines.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  let text = '';
  let position = 0;
  let oldLine = 1;
  let newLine = 1;
  for (let at = 0; at < changed.length; ) {
    const first = Math.max(0, (changed[at] ?? 0) - CONTEXT);
    let last = changed[at] ?? 0;
    while (at < changed.length && (changed[at] ?? 0) - last <= 2 * CONTEXT) last = changed[at++] ?? 0;
    const hunk = lines.slice(first, last + CONTEXT + 1);
    for (; position < first; position++) {
      oldLine += 1;
      newLine += 1;
    }
    const oldCount = hunk.filter(({ kind }) => kind !== '+').length;
    const newCount = hunk.filter(({ kind }) => kind !== '-').length;
    text += `@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@\n`;
    for (const line of hunk) text += `${line.kind}${line.text}${line.text.endsWith('\n') ? '' : `\n${NO_NEWLINE}`}`;
    position += hunk.length;
    oldLine += oldCount;
    newLine += newCount;
  }
  const count = (wanted: DiffLine['kind']): number => lines.filter(({ kind }) => kind === wanted).length;
  return { text, added: count('+'), removed: count('-') };
}

/** An empty range is named by the line before it. */
function range(start: number, count: number): string {
  if (count === 1) return String(start);
  return `${count === 0 ? start - 1 : start},${count}`;
}
