import { locateKey, type Position } from '../../config/locate-key.ts';
import { ProjectError, type ProjectErrorCode } from '../error.ts';
import type { Place } from '../model.ts';
import { type Issue, label, valueAt } from '../schema/issues.ts';
import type { Document } from './document.ts';

/** Something wrong with what the files say together. */
export interface Problem extends Issue {
  readonly code?: ProjectErrorCode;
}

const MOST_SHOWN = 10;
const LONGEST_HINT = 120;

/** Gives where a key is written: in the uppermost of the files (last in the list) that has it, else where the table around it is. */
export function placeOf(documents: readonly Document[], path: readonly string[]): Place | undefined {
  for (const { path: file, text, table } of [...documents].reverse()) {
    const found = valueAt(table, path) === undefined ? undefined : locateKey(text, path);
    if (found !== undefined) return { file, ...found };
  }
  let best: { readonly file: string; readonly depth: number; readonly position: Position } | undefined;
  for (const { path: file, text } of documents) {
    for (let depth = path.length; depth > (best?.depth ?? 0); depth--) {
      const position = locateKey(text, path.slice(0, depth));
      if (position !== undefined) best = { file, depth, position };
    }
  }
  return best && { file: best.file, ...best.position };
}

/** Gives the error that lists all problems, the likeliest to be what is wrong first. */
export function problemError(documents: readonly Document[], problems: readonly Problem[]): ProjectError {
  const lines = problems
    .map((problem) => ({ ...problem, place: placeOf(documents, problem.path) }))
    .sort((left, right) => left.rank - right.rank || (left.place?.line ?? 0) - (right.place?.line ?? 0));
  const [first] = lines;
  const file = documents[0]?.path ?? '';
  const shown = lines.slice(0, MOST_SHOWN).map(({ path, message, hint, place }) => {
    const where = place === undefined ? `${file}:1:1` : `${place.file}:${place.line}:${place.column}`;
    const what = path.length === 0 ? message : `${label(path)}: ${message}`;
    // A list of all keys is for one mistake alone.
    return lines.length > 1 && hint !== undefined && hint.length <= LONGEST_HINT
      ? `${where}: ${what} (${hint})`
      : `${where}: ${what}`;
  });
  if (lines.length > MOST_SHOWN) shown.push('and more');
  return new ProjectError(first?.code ?? 'INVALID', shown.join('\n'), {
    hint: lines.length === 1 ? first?.hint : undefined,
  });
}
