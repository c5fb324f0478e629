import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from '../../../src/project/service/lines.ts';

function split(bytes: Buffer, cuts: readonly number[], longest?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), longest);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const place of [...places, bytes.length]) {
    splitter.write(bytes.subarray(from, place));
    from = place;
  }
  splitter.end();
  return lines;
}

test('however the bytes arrive, the lines are the same, and no character is split', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(), { maxLength: 20 }), (lines, cuts) => {
      const plain = lines.map((line) => line.replace(/[\r\n]/g, ''));
      assert.deepEqual(split(Buffer.from(plain.map((line) => `${line}\n`).join('')), cuts), plain);
    }),
  );
});

test('a line without an end is a line when nothing more comes; the end may be that of DOS', () => {
  assert.deepEqual(split(Buffer.from('a\r\nb\n\nrest'), [1]), ['a', 'b', '', 'rest']);
  assert.deepEqual(split(Buffer.from('ü\n').subarray(0, 1), []), ['\ufffd']);
});

test('a line that never ends is given in pieces, of whole characters', () => {
  const pieces = split(Buffer.from('x'.repeat(7) + '😀'.repeat(10)), [], 8);
  assert.equal(pieces.join(''), 'x'.repeat(7) + '😀'.repeat(10));
  assert.ok(
    pieces.every((piece) => piece.length <= 8 && piece.isWellFormed()),
    JSON.stringify(pieces),
  );
});
