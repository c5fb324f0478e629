import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fit, pad, widthOf } from '../../src/ui/width.ts';

describe('widthOf', () => {
  it('counts columns of a terminal, as wcwidth(3) does', () => {
    const cases = {
      '': 0,
      abc: 3,
      Grüße: 5,
      漢字: 4,
      한글: 4,
      ｆｕｌｌ: 8,
      'e\u0301': 1,
      '👋': 2,
      '👨‍👩‍👧': 2,
      '░█…': 3,
      '⠋': 1,
    };
    for (const [text, columns] of Object.entries(cases)) assert.equal(widthOf(text), columns, text);
  });
});

describe('fit', () => {
  it('cuts at a column, never within a character', () => {
    assert.equal(fit('docker.io/library/debian', 10), 'docker.io…');
    assert.equal(fit('漢字漢字', 5), '漢字…');
    assert.equal(fit('漢字漢字', 4), '漢…');
    assert.equal(fit('ae\u0301o', 2), 'a…');
    assert.equal(fit('abc', 3), 'abc');
    assert.equal(fit('abc', 1), '…');
    assert.equal(fit('abc', 0), '');
  });

  it('is never wider than allowed, and pads to exactly that', () => {
    const character = fc.constantFrom('a', 'é', '漢', '👋', 'e\u0301', '…');
    fc.assert(
      fc.property(fc.array(character), fc.integer({ min: 0, max: 12 }), (characters, width) => {
        const text = characters.join('');
        assert(widthOf(fit(text, width)) <= width);
        assert.equal(widthOf(pad(text, width)), width);
      }),
    );
  });
});
