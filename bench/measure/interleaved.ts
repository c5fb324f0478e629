import type { Candidate, Outcome } from '../peers/candidate.ts';
import { pause, refusal, time } from './process.ts';
import { median } from './statistics.ts';

/** What some leave to be done after their end (removing a sandbox, stopping a monitor) is not to slow down the next. */
const SETTLE = 50;
const WARM_UP = 2;

/**
 * Runs each candidate `runs` times, in turns, so that whatever else the machine does hits all alike, and in another
 * order each time, so that none always follows the same. The first `warmUp` rounds do not count. Gives the outcome of
 * each: one that fails is not measured.
 */
export function measureInTurns(
  candidates: readonly Candidate[],
  runs: number,
  warmUp = WARM_UP,
): ReadonlyMap<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  const able = candidates.filter((candidate) => {
    const { command } = candidate;
    candidate.reset?.();
    const reason = command === undefined ? candidate.reason : refusal(command);
    if (reason !== undefined) outcomes.set(candidate.name, { kind: 'unmeasured', reason });
    return reason === undefined;
  });
  const times = new Map<string, number[]>(able.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < runs; round++) {
    for (const candidate of shuffled(able)) {
      const { command } = candidate;
      if (command === undefined || outcomes.has(candidate.name)) continue;
      try {
        candidate.reset?.();
        const value = (candidate.measure ?? time)(command);
        if (round >= 0) times.get(candidate.name)?.push(value);
      } catch (error) {
        outcomes.set(candidate.name, { kind: 'unmeasured', reason: String(error) });
      }
      pause(SETTLE);
    }
  }
  for (const [name, values] of times) {
    if (outcomes.has(name)) continue;
    outcomes.set(name, { kind: 'measured', median: median(values), least: Math.min(...values), runs: values.length });
  }
  return new Map(
    candidates.flatMap(({ name }) => {
      const outcome = outcomes.get(name);
      return outcome === undefined ? [] : [[name, outcome] as const];
    }),
  );
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
