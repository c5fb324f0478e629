import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withHint } from '../../../src/commands/spec/missing-image.ts';
import { ImageError } from '../../../src/image/error.ts';

test('a word that is no image gets a hint more, and nothing else does', () => {
  const missing = new ImageError('NO_IMAGE', 'no such image', { hint: 'look' });
  const hinted = withHint(missing, 'website', 'or a name?');
  assert(hinted instanceof ImageError);
  assert.deepEqual([hinted.code, hinted.message, hinted.hint], ['NO_IMAGE', 'no such image', 'look\nor a name?']);
  for (const name of ['a/b', 'debian:1', 'x@sha256:1', '']) assert.equal(withHint(missing, name, 'h'), missing);
  for (const other of [new ImageError('CORRUPT', 'c'), new TypeError('t'), 'text']) {
    assert.equal(withHint(other, 'website', 'h'), other);
  }
});
