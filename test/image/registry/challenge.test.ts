import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from '../../../src/image/registry/challenge.ts';

function parse(...headers: readonly string[]): unknown {
  return parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('parseChallenges', () => {
  it('takes the forms of RFC 9110', () => {
    assert.deepEqual(parse('Bearer realm="https://a/token",service="a",scope="repository:x/y:pull,push"'), [
      ['bearer', { realm: 'https://a/token', service: 'a', scope: 'repository:x/y:pull,push' }],
    ]);
    assert.deepEqual(parse('Basic'), [['basic', {}]]);
    assert.deepEqual(parse('Negotiate, BASIC realm = "a \\"quoted\\" one" , charset=UTF-8'), [
      ['negotiate', {}],
      ['basic', { realm: 'a "quoted" one', charset: 'UTF-8' }],
    ]);
    assert.deepEqual(parse('Basic realm="x"', 'Bearer realm="y"'), [
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'y' }],
    ]);
    assert.deepEqual(parse('', ',,', 'realm="x"'), []);
  });

  it('takes anything, quickly', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void parseChallenges([text])));
    const started = performance.now();
    for (const text of ['a="'.repeat(100_000), '"\\'.repeat(100_000), 'a='.repeat(100_000), 'a '.repeat(100_000)])
      parseChallenges([text]);
    assert.ok(performance.now() - started < 20_000);
  });
});
