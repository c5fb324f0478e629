import type { SeccompCondition, SeccompProfile, SeccompRule } from './profile.ts';
import { counts, type Surroundings } from './scope.ts';
import { returnValue } from './verdict.ts';

/** What becomes of a system call. */
export interface Decision {
  /** The first whose conditions all hold decides. */
  readonly branches: readonly Branch[];
  /** What the filter returns where none does. */
  readonly otherwise: number;
}

export interface Branch {
  readonly conditions: readonly SeccompCondition[];
  /** What the filter returns. */
  readonly verdict: number;
}

/** System calls of a machine: name -> number. */
type Table = ReadonlyMap<string, number>;

/**
 * Gives what becomes of each call that a rule names, by number. Rules `before` the profile's go by their order: the first
 * whose conditions hold decides, and where none does, the profile.
 */
export function decide(
  table: Table,
  before: readonly SeccompRule[],
  profile: SeccompProfile,
  surroundings: Surroundings,
): Map<number, Decision> {
  const decisions = decideProfile(table, profile, surroundings);
  const otherwise = returnValue(profile.otherwise);
  for (const rule of before.toReversed()) {
    const verdict = returnValue(rule.action);
    for (const number of numbers(table, rule, surroundings)) {
      const later = decisions.get(number) ?? { branches: [], otherwise };
      decisions.set(
        number,
        rule.conditions.length === 0
          ? { branches: [], otherwise: verdict }
          : { ...later, branches: [{ conditions: rule.conditions, verdict }, ...later.branches] },
      );
    }
  }
  return decisions;
}

/**
 * A profile means what it means to podman and docker, that is, to libseccomp (src/db.c, db_rule_add): the first rule
 * without conditions decides a call for good, also where one with conditions came before; among those with conditions
 * the first that holds does. Rules that say what is said for all calls anyway are passed over, as crun and runc do it.
 */
function decideProfile(table: Table, profile: SeccompProfile, surroundings: Surroundings): Map<number, Decision> {
  const otherwise = returnValue(profile.otherwise);
  const decisions = new Map<number, Decision>();
  const settled = new Set<number>();
  for (const rule of profile.rules) {
    const verdict = returnValue(rule.action);
    if (verdict === otherwise) continue;
    for (const number of numbers(table, rule, surroundings)) {
      if (settled.has(number)) continue;
      if (rule.conditions.length === 0) {
        settled.add(number);
        decisions.set(number, { branches: [], otherwise: verdict });
        continue;
      }
      const branches = decisions.get(number)?.branches ?? [];
      decisions.set(number, { branches: [...branches, { conditions: rule.conditions, verdict }], otherwise });
    }
  }
  return decisions;
}

/** Calls that a machine does not have are nobody's business: profiles are written for all of them. */
function numbers(table: Table, rule: SeccompRule, surroundings: Surroundings): number[] {
  return counts(rule, surroundings) ? rule.names.flatMap((name) => table.get(name) ?? []) : [];
}
