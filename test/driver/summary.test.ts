import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { count, type Finished, type Outcome, summarise } from '../summary.ts';

function outcomeOf(...finished: readonly Partial<Finished>[]): Outcome {
  const outcome: Outcome = { passed: 0, failed: [], skipped: [] };
  for (const each of finished) {
    count(outcome, { title: 't', type: 'test', result: 'pass', skip: undefined, todo: undefined, ...each });
  }
  return outcome;
}

describe('the summary of a test run', () => {
  it('counts tests and not the suites around them', () => {
    const outcome = outcomeOf(
      {},
      { result: 'fail', title: 'bad' },
      { type: 'suite', result: 'fail' },
      { type: 'suite' },
    );
    assert.deepEqual(summarise(outcome, false), { lines: ['FAILED bad', '1 passed, 1 failed, 0 skipped'], status: 1 });
  });

  it('tells at the end what a failed test threw', () => {
    const outcome = outcomeOf({ result: 'fail', title: 'bad', why: 'Error: 1 is not 2\n\n    at here' });
    const [line] = summarise(outcome, false).lines;
    assert.equal(line, 'FAILED bad\n  Error: 1 is not 2\n      at here');
  });

  it('counts a skipped suite, whose tests did not run', () => {
    const outcome = outcomeOf({}, { type: 'suite', skip: 'needs a moon' });
    const lines = ['skipped t: needs a moon', '1 passed, 0 failed, 1 skipped'];
    assert.deepEqual(summarise(outcome, false), { lines, status: 0 });
  });

  it('fails in CI for a test that was skipped though it could have run', () => {
    assert.equal(summarise(outcomeOf({}, { skip: 'needs strace' }), true).status, 1);
    assert.equal(summarise(outcomeOf({}, { skip: true }), true).status, 1);
    assert.equal(summarise(outcomeOf({}, { todo: true }), true).status, 1);
    assert.equal(summarise(outcomeOf({}, { skip: `${CANNOT_RUN_HERE}needs a moon` }), true).status, 0);
  });

  it('fails where nothing ran', () => {
    assert.equal(summarise(outcomeOf(), false).status, 1);
    assert.equal(summarise(outcomeOf({ skip: `${CANNOT_RUN_HERE}no` }), true).status, 1);
  });
});
