import type { Outcome } from './peers/candidate.ts';

/** What was measured together, in turns. */
export interface Section {
  readonly title: string;
  readonly unit: 'ms' | 'kB' | 'MB';
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** The one whose median the others are divided by. */
  readonly reference: string;
}

export interface Goal {
  readonly measure: string;
  readonly value: number | undefined;
  readonly unit: '×' | 'ms' | 'kB' | 'MB';
  readonly must: number;
  readonly aim: number;
  readonly verdict: Verdict;
}

export type Verdict = 'aim reached' | 'must reached' | 'missed' | 'not measured' | 'not for this account';

function verdictOn(value: number | undefined, must: number, aim: number): Verdict {
  if (value === undefined) return 'not measured';
  if (value > must) return 'missed';
  return value > aim ? 'must reached' : 'aim reached';
}

/** A goal for a number in itself. */
export function goal(measure: string, value: number, unit: Goal['unit'], [must, aim]: readonly [number, number]): Goal {
  return { measure, value, unit, must, aim, verdict: verdictOn(value, must, aim) };
}

/** A goal for something that ours could not do. */
export function missed(measure: string, unit: Goal['unit'], [must, aim]: readonly [number, number]): Goal {
  return { measure, value: undefined, unit, must, aim, verdict: 'missed' };
}

/** A goal for one of a section, in the section's unit; missed where ours does not work. */
export function goalFor(section: Section, ours: string, [must, aim]: readonly [number, number], what = 'memory'): Goal {
  const outcome = section.outcomes.get(ours);
  const value = outcome?.kind === 'measured' ? outcome.median : undefined;
  const verdict = value === undefined ? 'missed' : verdictOn(value, must, aim);
  return { measure: `${what}, ${ours}`, value, unit: section.unit === 'MB' ? 'MB' : 'kB', must, aim, verdict };
}

/**
 * A goal for the ratio of two medians of one section. Without the peer nothing is known; where ours does not work, the
 * goal is missed.
 */
export function ratioGoal(section: Section, ours: string, peer: string, [must, aim]: readonly [number, number]): Goal {
  const [own, other] = [ours, peer].map((name) => section.outcomes.get(name));
  const measure = `${ours} : ${peer}`;
  if (own?.kind === 'measured' && other?.kind === 'measured') {
    const value = own.median / other.median;
    return { measure, value, unit: '×', must, aim, verdict: verdictOn(value, must, aim) };
  }
  const verdict = own?.kind === 'measured' ? 'not measured' : 'missed';
  return { measure, value: undefined, unit: '×', must, aim, verdict };
}

/** A goal for how much longer one takes than the other of the same section, by their medians. */
export function differenceGoal(
  section: Section,
  ours: string,
  other: string,
  [must, aim]: readonly [number, number],
): Goal {
  const [own, base] = [ours, other].map((name) => section.outcomes.get(name));
  const measured = own?.kind === 'measured' && base?.kind === 'measured';
  const value = measured ? own.median - base.median : undefined;
  const verdict = value === undefined ? 'missed' : verdictOn(value, must, aim);
  return { measure: `${ours} over ${other}`, value, unit: 'ms', must, aim, verdict };
}
