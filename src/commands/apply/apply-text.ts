import type { ApplyResult } from '../../review/client.ts';
import type { Applied, Change, Obstacle } from '../../review/model.ts';
import { coloursOf } from '../../ui/colour.ts';
import { note, printError } from '../../ui/output.ts';
import { changeLines, lineOf, totals } from '../diff/change-list.ts';

/** The exit status where something could not be applied. */
const INCOMPLETE = 1;
/** So many lines of a list are shown, where more would bury what matters. */
const MOST_LINES = 50;

function obstacleLines(obstacles: readonly Obstacle[]): string {
  const lines = obstacles.slice(0, MOST_LINES).map(({ path, reason }) => `  ${lineOf(path)}: ${lineOf(reason)}\n`);
  const more = obstacles.length - lines.length;
  return `${lines.join('')}${more > 0 ? `  and ${more} more\n` : ''}`;
}

/** Tells on standard error how applying went. Gives the exit status. */
export function reportApplied(
  name: string,
  result: ApplyResult,
  { dryRun, list }: { readonly dryRun: boolean; readonly list: boolean },
): number {
  if (result.kind === 'conflicts') {
    note(`nothing was applied: the host has other files than those that ${name} saw`);
    printError(obstacleLines(result.conflicts));
    printError('  hint: look at them, then select others by PATH, or overwrite these with --force\n');
    return INCOMPLETE;
  }
  const { applied, left, notes } = result.result;
  if (list && applied.length > 0) printError(changeLines(applied, coloursOf(2)));
  note(sentence(applied, dryRun));
  if (notes.length > 0) printError(obstacleLines(notes));
  if (left.length === 0) return 0;
  note(`${left.length} ${dryRun ? 'would stay' : 'stayed'} in the sandbox ${name}:`);
  printError(obstacleLines(left));
  return INCOMPLETE;
}

function sentence(applied: readonly Change[], dryRun: boolean): string {
  if (applied.length === 0) return dryRun ? 'nothing would be applied' : 'nothing was applied';
  return `${dryRun ? 'would be applied' : 'applied'}: ${totals(applied)}`;
}

/** The same for programs. */
export function appliedJson(result: ApplyResult): string {
  const nothing: Applied = { applied: [], left: [], notes: [] };
  const { applied, left, notes } = result.kind === 'applied' ? result.result : nothing;
  const conflicts = result.kind === 'conflicts' ? result.conflicts : [];
  return `${JSON.stringify({ applied, left, notes, conflicts }, null, 2)}\n`;
}

/** Says whether nothing of the sandbox's changes is left in the way of forgetting it. */
export function isComplete(result: ApplyResult): boolean {
  return result.kind === 'applied' && result.result.left.length === 0;
}
