import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { runAs } from '../../support/user.ts';
import { buildLocked, cloneOf, EXAMPLE_TEST } from './support/clone.ts';

describe('the example in Python', () => {
  it('is built and tested from a fresh clone', EXAMPLE_TEST, async (t) => {
    const clone = await cloneOf(t, 'python');
    await buildLocked(t, clone);

    assert.match(await clone.says(['test']), /5 passed/);
    assert.match(await clone.says(['test', '-k', 'json']), /1 passed, 4 deselected/);
    // Once for each seed.
    assert.equal((await clone.says(['test-seeds'])).match(/5 passed/g)?.length, 3);
    assert.equal(await clone.says(['count', '--top', '1', 'texts/fable.txt']), 'the: 6 times\n');
    assert(!existsSync(`${clone.directory}/tally/__pycache__`));

    // Another wheel is another environment, which the lock does not have.
    const before = clone.lock();
    const script = `sed -i "s/'s'/'x'/" vendor/inflection_of_counts.py && python3 vendor/make-wheel.py`;
    const made = await runAs(clone.user, ['sh', '-c', script], { cwd: clone.directory });
    assert.equal(made.status, 0, made.stderr);
    assert.equal((await clone.sandbox(['build', '--frozen'])).status, 125, 'the lock says otherwise');
    assert.equal(await clone.says(['count', '--top', '1', 'texts/fable.txt']), 'the: 6 timex\n');
    const changed = clone
      .lock()
      .split('\n')
      .filter((line) => !before.includes(line));
    assert(changed.length > 0 && changed.every((line) => /^(recipe|inputs|"linux)/.test(line)), changed.join('\n'));
  });
});
