import assert from 'node:assert/strict';
import { it } from 'node:test';
import { didYouMean } from '../../src/config/did-you-mean.ts';

const commands = ['shell', 'run', 'ps', 'rm', 'plan', 'doctor', 'completion'];

it('finds the word that a slip of the fingers meant', () => {
  assert.equal(didYouMean('shel', commands), 'shell');
  assert.equal(didYouMean('rnu', commands), 'run');
  assert.equal(didYouMean('Docter', commands), 'doctor');
  assert.equal(didYouMean('comp', commands), 'completion');
  assert.equal(didYouMean('--netwrok', ['--network', '--env']), '--network');
});

it('keeps silent where nothing is near', () => {
  for (const typed of ['', 'firefox', 'x', 'a'.repeat(10_000)]) assert.equal(didYouMean(typed, commands), undefined);
});
