import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chosenCombinations,
  combinationsOf,
  combinationText,
  filledIn,
  parseOnly,
} from '../../../../src/commands/project/command/matrix.ts';

const each = [
  ['NODE', ['18', '20']],
  ['OS', ['debian', 'alpine']],
] as const;
const texts = (only: readonly string[]): string[] =>
  chosenCombinations({ name: 'test', each }, only.map(parseOnly)).map(combinationText);

describe('the combinations of `each`', () => {
  it('are all of them in order, the last key changing first', () => {
    assert.deepEqual(combinationsOf(each).map(combinationText), [
      'NODE=18 OS=debian',
      'NODE=18 OS=alpine',
      'NODE=20 OS=debian',
      'NODE=20 OS=alpine',
    ]);
  });

  it('are a single empty one without keys, and none with a key that has no values', () => {
    assert.deepEqual(combinationsOf([]), [[]]);
    assert.equal(combinationText([]), '');
    assert.deepEqual(combinationsOf([['NODE', []]]), []);
  });

  it('are each told on one line, whatever the values are', () => {
    assert.equal(combinationText([['A', 'x\n— B=1 —\x1b[2J']]), 'A="x\\n— B=1 —\\u001b[2J"');
  });

  it('are those that --only leaves: one of the values of a key, of every key', () => {
    assert.deepEqual(texts(['NODE=20']), ['NODE=20 OS=debian', 'NODE=20 OS=alpine']);
    assert.deepEqual(texts(['NODE=20', 'NODE=18', 'OS=alpine']), ['NODE=18 OS=alpine', 'NODE=20 OS=alpine']);
    assert.equal(texts([]).length, 4);
  });

  it('are refused where --only asks for what is not there', () => {
    assert.throws(() => texts(['NODE=19']), /the command test has no NODE "19"/);
    assert.throws(() => texts(['NODES=18']), /the command test has no key "NODES"/);
    assert.throws(() => texts(['NODE']), /expected KEY=VALUE, got "NODE"/);
    assert.throws(() => chosenCombinations({ name: 'lint', each: [] }, [['A', 'b']]), { hint: /it is run once/ });
  });

  it('fill the keys in braces of an environment, and nothing else', () => {
    const combination = [
      ['NODE', '18'],
      ['OS', '$&{NODE}'],
    ] as const;
    assert.equal(filledIn('node{NODE}-{OS}', combination), 'node18-$&{NODE}');
    assert.equal(filledIn('{ARCH}-{}', combination), '{ARCH}-{}');
  });
});
