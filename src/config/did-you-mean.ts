/** Edits (insert, delete, replace, swap of neighbours: optimal string alignment) between two short words. */
function distance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** Takes what was typed and what there is; gives the nearest word if it is near enough to be a slip of the fingers. */
export function didYouMean(typed: string, known: Iterable<string>): string | undefined {
  const bare = (word: string): string => word.replace(/^-+/, '').toLowerCase();
  const wanted = bare(typed);
  // A long argument is no slip, and the distance is quadratic.
  if (wanted.length === 0 || wanted.length > 40) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const word of known) {
    const candidate = bare(word);
    const edits = candidate.startsWith(wanted) && wanted.length >= 2 ? 1 : distance(wanted, candidate);
    if (edits < bestDistance && edits < candidate.length) {
      best = word;
      bestDistance = edits;
    }
  }
  return best;
}
