import { CANNOT_RUN_HERE } from './packages.ts';

/** What a test run has counted so far. */
export interface Outcome {
  passed: number;
  /** `why`: what the test threw, as node:test words it; empty where it says nothing. */
  readonly failed: { readonly title: string; readonly why: string }[];
  readonly skipped: { readonly title: string; readonly reason: string }[];
}

/** What node:test says of one finished test or suite. */
export interface Finished {
  readonly title: string;
  readonly type: 'test' | 'suite';
  readonly result: 'pass' | 'fail';
  readonly skip: string | boolean | undefined;
  readonly todo: string | boolean | undefined;
  /** What a failed test threw. */
  readonly why?: string | undefined;
}

/** Counts tests, not suites; but a skipped suite stands for its tests, which node:test then does not name. */
export function count(outcome: Outcome, { title, type, result, skip, todo, why = '' }: Finished): void {
  const reason = skip || todo;
  if (reason) outcome.skipped.push({ title, reason: typeof reason === 'string' ? reason : 'no reason given' });
  else if (type === 'suite') return;
  else if (result === 'pass') outcome.passed++;
  else outcome.failed.push({ title, why });
}

/** A failure is told again at the end, which is all that some keep of a run's output; not the whole of a large one. */
const MOST_LINES_OF_A_FAILURE = 40;

function failure({ title, why }: Outcome['failed'][number]): string {
  const lines = why.trimEnd().split('\n').slice(0, MOST_LINES_OF_A_FAILURE);
  return [`FAILED ${title}`, ...lines.filter((line) => line !== '').map((line) => `  ${line}`)].join('\n');
}

/**
 * The last lines of a run and its exit status. In CI a test may be skipped only for a reason that begins with
 * CANNOT_RUN_HERE. A run in which no test ran has failed.
 */
export function summarise({ passed, failed, skipped }: Outcome, inCi: boolean): { lines: string[]; status: 0 | 1 } {
  const unexcused = inCi ? skipped.filter(({ reason }) => !reason.startsWith(CANNOT_RUN_HERE)) : [];
  const lines = [
    ...skipped.map(({ title, reason }) => `skipped ${title}: ${reason}`),
    ...unexcused.map(({ title }) => `FAILED ${title}: may not be skipped in CI`),
    ...failed.map(failure),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ];
  const good = passed > 0 && failed.length === 0 && unexcused.length === 0;
  return { lines, status: good ? 0 : 1 };
}
