import { didYouMean } from '../../../config/did-you-mean.ts';
import type { ProjectCommand, Variable } from '../../../project/model.ts';
import { quoted, UsageError, unexpected } from '../../arguments/usage-error.ts';

/** A value for every key of a command's `each`; of a command without it, nothing. */
export type Combination = readonly Variable[];

/** Takes `KEY=VALUE` of `--only`. Throws UsageError. */
export function parseOnly(text: string): Variable {
  const equals = text.indexOf('=');
  if (equals < 1) throw unexpected('KEY=VALUE', text);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Gives all combinations in order, the last key's values changing first. */
export function combinationsOf(each: ProjectCommand['each']): Combination[] {
  let combinations: Combination[] = [[]];
  for (const [key, values] of each) {
    combinations = combinations.flatMap((combination) =>
      values.map((value): Combination => [...combination, [key, value]]),
    );
  }
  return combinations;
}

/**
 * Gives the combinations of a command that `--only` leaves: of a key that is named, those with one of the values that were
 * given for it. Throws UsageError for a key or a value that the command does not have.
 */
export function chosenCombinations(
  { name, each }: Pick<ProjectCommand, 'name' | 'each'>,
  only: readonly Variable[],
): Combination[] {
  for (const [key, value] of only) {
    const values = each.find(([known]) => known === key)?.[1];
    const where = `--only: the command ${name}`;
    if (values === undefined) {
      const keys = each.map(([known]) => known);
      const hint = keys.length === 0 ? `it is run once: it has no \`each\`` : choices(key, keys);
      throw new UsageError(`${where} has no key ${quoted(key)}`, { hint });
    }
    if (!values.includes(value)) {
      throw new UsageError(`${where} has no ${key} ${quoted(value)}`, { hint: choices(value, values) });
    }
  }
  const wanted = new Map<string, string[]>();
  for (const [key, value] of only) wanted.set(key, [...(wanted.get(key) ?? []), value]);
  return combinationsOf(each).filter((combination) =>
    combination.every(([key, value]) => wanted.get(key)?.includes(value) ?? true),
  );
}

function choices(typed: string, known: readonly string[]): string {
  const nearest = didYouMean(typed, known);
  return nearest === undefined ? `it has ${known.join(', ')}` : `did you mean ${nearest}?`;
}

/** `NODE=18 OS=debian`; '' where there is nothing to tell apart. */
export function combinationText(combination: Combination): string {
  // One that has a line break in it would begin a line of ours.
  return combination.map(([key, value]) => `${key}=${/\p{Cc}/u.test(value) ? quoted(value) : value}`).join(' ');
}

/** Gives a text with the values of a combination in the place of their keys in braces: `node{NODE}`. */
export function filledIn(template: string, combination: Combination): string {
  const values = new Map(combination);
  return template.replace(/\{([^{}]*)\}/g, (braces, key: string) => values.get(key) ?? braces);
}
