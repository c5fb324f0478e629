import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { baseOf, cleanPath, meaningOf, parentOf } from '../../../../src/image/unpack/tree/unsafe-path.ts';

it('cleans every path as a path from the root is cleaned', () => {
  const part = fc.constantFrom('', '.', '..', '...', 'a', 'b.', '.c', '..d', ' ');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const path = parts.join('/');
      assert.equal(`/${cleanPath(path)}`, posix.normalize(`/${path}`).replace(/(?<=.)\/$/, ''));
    }),
    { numRuns: 3000 },
  );
});

it('takes a path apart at its last slash', () => {
  assert.deepEqual([parentOf('a/b/c'), baseOf('a/b/c'), parentOf('a'), baseOf('a')], ['a/b', 'c', '', 'a']);
});

it('knows whiteouts by their names', () => {
  assert.deepEqual(meaningOf('d/.wh.x'), { kind: 'whiteout', name: 'x' });
  assert.deepEqual(meaningOf('d/.wh..wh..opq'), { kind: 'opaque' });
  assert.deepEqual(meaningOf('.wh..wh.plnk/1'), { kind: 'nothing' });
  for (const path of ['a.wh.b', 'd.wh./x', '.wh', '.whx', 'wh.x'])
    assert.deepEqual(meaningOf(path), { kind: 'entry' }, path);
});
