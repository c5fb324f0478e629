import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf } from '../../../src/project/lock/changes.ts';
import { EMPTY_LOCK, type Lock } from '../../../src/project/lock/lock.ts';
import {
  differingSteps,
  type EnvironmentNow,
  expectedResult,
  expectSameResults,
  isLocked,
  withEnvironment,
} from '../../../src/project/lock/steps.ts';
import { AMD, ARM, built, digest, environment, image, step } from './locks.ts';

const STEPS = [step(1), step(2)];
const DEFAULT = environment('default', STEPS);
const IMAGE = image('docker.io/library/debian:latest', '1', '2', '3');

/** What a build on amd64 by a user with subordinate ids gave; `digits`: recipe and result of each step. */
function now(digits: ReadonlyArray<readonly [string, string]>, more: Partial<EnvironmentNow> = {}): EnvironmentNow {
  const of = more.environment ?? DEFAULT;
  return {
    environments: new Map([[of.name, of]]),
    environment: of,
    locked: IMAGE,
    built: built(of.steps, digits),
    platform: AMD,
    comparable: true,
    results: 'keep',
    ...more,
  };
}

/** The same on arm64 after it. */
function onBoth(digits: ReadonlyArray<readonly [string, string]>, arm: ReadonlyArray<readonly [string, string]>): Lock {
  return withEnvironment(withEnvironment(EMPTY_LOCK, now(digits)), now(arm, { platform: ARM }));
}

const BOTH = onBoth(
  [
    ['a', '5'],
    ['b', '6'],
  ],
  [
    ['a', '7'],
    ['b', '8'],
  ],
);

/** The results of an environment's steps, `5+7` for those on amd64 and arm64. */
function results({ steps }: Lock, name = 'default'): string[] {
  const digit = (text: string | undefined): string => text?.at(-1) ?? '-';
  return (steps.get(name) ?? []).map((each) => `${digit(each.results.get(AMD))}+${digit(each.results.get(ARM))}`);
}

test('what two machines built is in one lock', () => {
  assert.deepEqual(results(BOTH), ['5+7', '6+8']);
  assert.deepEqual(BOTH.images.get('debian'), IMAGE);
});

test('the same build changes nothing', () => {
  const again = withEnvironment(
    BOTH,
    now([
      ['a', '5'],
      ['b', '6'],
    ]),
  );
  assert.ok(isLocked(BOTH, again));
  assert.deepEqual(changesOf(BOTH, again), []);
  assert.ok(!isLocked(BOTH, EMPTY_LOCK));
});

test('a changed recipe drops the results of other platforms, from there on', () => {
  assert.deepEqual(
    results(
      withEnvironment(
        BOTH,
        now([
          ['a', '5'],
          ['c', '9'],
        ]),
      ),
    ),
    ['5+7', '9+-'],
  );
  assert.deepEqual(
    results(
      withEnvironment(
        BOTH,
        now([
          ['c', '9'],
          ['b', '4'],
        ]),
      ),
    ),
    ['9+-', '4+-'],
  );
});

test('a changed image drops the results that stood on it, of other environments too', () => {
  const test2 = environment('test', [step(1)]);
  const environments = new Map([
    ['default', DEFAULT],
    ['test', test2],
  ]);
  const lock = withEnvironment(BOTH, now([['d', '0']], { environments, environment: test2 }));
  assert.deepEqual(results(lock, 'test'), ['0+-']);
  const locked = image(IMAGE.name, 'f', 'e', '3');
  const updated = withEnvironment(
    lock,
    now(
      [
        ['a', '4'],
        ['b', '6'],
      ],
      { environments, locked },
    ),
  );
  // The image for arm64 is the same in the new index.
  assert.deepEqual(results(updated), ['4+7', '6+8']);
  assert.deepEqual(results(updated, 'test'), ['-+-']);
  assert.deepEqual(updated.steps.get('test')?.[0]?.recipe, digest('d'));
});

test('what vanished from sandbox.toml vanishes, other environments stay', () => {
  const [first = step(1)] = STEPS;
  const shorter = environment('default', [first]);
  assert.deepEqual(results(withEnvironment(BOTH, now([['a', '5']], { environment: shorter }))), ['5+7']);
  const other = environment('other', [], 'alpine');
  const renamed = withEnvironment(BOTH, now([], { environment: other, environments: new Map([['other', other]]) }));
  assert.deepEqual([[...renamed.images.keys()], [...renamed.steps.keys()]], [['alpine'], []]);
  const kept = withEnvironment(
    BOTH,
    now([], {
      environment: other,
      environments: new Map([
        ['other', other],
        ['default', DEFAULT],
      ]),
    }),
  );
  assert.deepEqual([...kept.images.keys()], ['debian', 'alpine']);
  assert.deepEqual(results(kept), ['5+7', '6+8']);
});

test('another result of the same recipe takes the place of the locked one only for sandbox lock', () => {
  const differs = now([
    ['a', '5'],
    ['b', '9'],
  ]);
  assert.ok(isLocked(BOTH, withEnvironment(BOTH, differs)));
  assert.deepEqual(results(withEnvironment(BOTH, { ...differs, results: 'replace' })), ['5+7', '9+8']);
  assert.match(differingSteps(BOTH, differs).join(), /^step 2 \(step 2\) of default gave sha256:9+, .* has sha256:6+$/);
  assert.throws(() => expectSameResults(BOTH, differs), { code: 'NOT_REPRODUCIBLE', message: /step 2/ });
  expectSameResults(
    BOTH,
    now([
      ['a', '5'],
      ['b', '6'],
    ]),
  );
});

test('results of who has no subordinate ids, and of steps that are not reproducible, are not written down', () => {
  const single = { comparable: false } as const;
  const lock = withEnvironment(
    EMPTY_LOCK,
    now(
      [
        ['a', '5'],
        ['b', '6'],
      ],
      single,
    ),
  );
  assert.deepEqual(results(lock), ['-+-', '-+-']);
  assert.deepEqual(
    results(
      withEnvironment(
        BOTH,
        now(
          [
            ['a', '1'],
            ['b', '1'],
          ],
          single,
        ),
      ),
    ),
    ['5+7', '6+8'],
  );
  assert.deepEqual(
    differingSteps(
      BOTH,
      now(
        [
          ['a', '1'],
          ['b', '1'],
        ],
        single,
      ),
    ),
    [],
  );
  const loose = environment('default', [step(1), step(2, { reproducible: false })]);
  assert.deepEqual(
    results(
      withEnvironment(
        BOTH,
        now(
          [
            ['a', '5'],
            ['b', '9'],
          ],
          { environment: loose },
        ),
      ),
    ),
    ['5+7', '-+-'],
  );
  assert.deepEqual(
    differingSteps(
      BOTH,
      now(
        [
          ['a', '5'],
          ['b', '9'],
        ],
        { environment: loose },
      ),
    ),
    [],
  );
});

const FROZEN = { frozen: true, comparable: true };
const [FIRST = step(1), SECOND = step(2)] = STEPS;

test('the build is told what the lock has of each step', () => {
  const expected = expectedResult(BOTH, DEFAULT, ARM, { frozen: false, comparable: true });
  assert.deepEqual([expected(FIRST, digest('a')), expected(SECOND, digest('b'))], [digest('7'), digest('8')]);
  assert.equal(expected(SECOND, digest('c')), undefined);
  assert.equal(expectedResult(BOTH, DEFAULT, ARM, { frozen: false, comparable: false })(FIRST, digest('a')), undefined);
});

test('frozen, what is not exactly in the lock is refused', () => {
  const expected = expectedResult(BOTH, DEFAULT, AMD, FROZEN);
  assert.equal(expected(FIRST, digest('a')), digest('5'));
  assert.throws(() => expected(FIRST, digest('b')), {
    code: 'FROZEN',
    message: 'step 1 (step 1) of the environment default is not what sandbox.lock has: it was changed since',
    hint: 'run `sandbox lock` and commit sandbox.lock',
  });
  // At the second position it is known, at the first it is another one.
  assert.throws(() => expected(FIRST, digest('b')), { code: 'FROZEN' });
  assert.throws(() => expectedResult(EMPTY_LOCK, DEFAULT, AMD, FROZEN)(FIRST, digest('a')), {
    code: 'FROZEN',
    message: /is not in sandbox\.lock$/,
  });
  assert.throws(() => expectedResult(BOTH, environment('default', [FIRST]), AMD, FROZEN), {
    code: 'FROZEN',
    message: /has 2 steps .* sandbox\.toml has 1$/,
  });
});

test('a lock of another platform is enough unless it is frozen', () => {
  const lock = withEnvironment(
    EMPTY_LOCK,
    now([
      ['a', '5'],
      ['b', '6'],
    ]),
  );
  assert.equal(expectedResult(lock, DEFAULT, ARM, { frozen: false, comparable: true })(FIRST, digest('a')), undefined);
  assert.throws(() => expectedResult(lock, DEFAULT, ARM, FROZEN)(FIRST, digest('a')), {
    code: 'FROZEN',
    message: /has no result for linux\/arm64 in sandbox\.lock/,
    hint: /on a machine of that kind \(linux\/arm64\)/,
  });
  // Who could not compare one needs none.
  assert.equal(expectedResult(lock, DEFAULT, ARM, { frozen: true, comparable: false })(FIRST, digest('a')), undefined);
  const loose = environment('default', [step(1, { reproducible: false }), SECOND]);
  const [one = FIRST] = loose.steps;
  assert.equal(expectedResult(lock, loose, ARM, FROZEN)(one, digest('a')), undefined);
});

test('changes are told in words', () => {
  const after = withEnvironment(
    BOTH,
    now(
      [
        ['a', '5'],
        ['c', '9'],
      ],
      { locked: image(IMAGE.name, '4', '2', '3') },
    ),
  );
  assert.deepEqual(
    changesOf(BOTH, after).map(({ what }) => what),
    [
      'image debian changed: sha256:111111111111 → sha256:444444444444',
      'step 2 of default (step 2) changed: its recipe',
    ],
  );
  assert.deepEqual(
    changesOf(EMPTY_LOCK, BOTH).map(({ kind, change, of, number }) => [kind, change, of, number]),
    [
      ['image', 'added', 'debian', undefined],
      ['step', 'added', 'default', 1],
      ['step', 'added', 'default', 2],
    ],
  );
  assert.deepEqual(new Set(changesOf(BOTH, EMPTY_LOCK).map(({ change }) => change)), new Set(['removed']));
});
