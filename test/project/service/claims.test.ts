import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Claims } from '../../../src/project/service/claims.ts';

test('what somebody has started ends with the last who wants it', () => {
  const claims = new Claims();
  const [one, other] = [{}, {}];
  claims.claim(one, ['db', 'web']);
  claims.claim(other, ['db', 'cache']);
  assert.deepEqual(claims.release(one), ['web']);
  assert.deepEqual(claims.release(one), []);
  assert.deepEqual(claims.release(other), ['db', 'cache']);
});

test('what is kept stays, until it was stopped', () => {
  const claims = new Claims();
  const [one, other] = [{}, {}];
  claims.keep(['db']);
  claims.claim(one, ['db', 'web']);
  assert.deepEqual(claims.release(one), ['web']);
  claims.forget(['db']);
  claims.claim(other, ['db']);
  assert.deepEqual(claims.release(other), ['db']);
});
