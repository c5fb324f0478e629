import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { colours, wantsColour } from '../../src/ui/colour.ts';
import { printable } from '../../src/ui/printable.ts';
import { progressLine } from '../../src/ui/progress.ts';
import { tableText } from '../../src/ui/table.ts';

describe('wantsColour', () => {
  it('colours terminals, unless NO_COLOR or TERM=dumb say no', () => {
    assert.equal(wantsColour({}, true), true);
    assert.equal(wantsColour({}, false), false);
    assert.equal(wantsColour({ NO_COLOR: '1' }, true), false);
    assert.equal(wantsColour({ NO_COLOR: '' }, true), true);
    assert.equal(wantsColour({ TERM: 'dumb' }, true), false);
  });

  it('obeys FORCE_COLOR before all', () => {
    assert.equal(wantsColour({ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, false), true);
    assert.equal(wantsColour({ FORCE_COLOR: '0' }, true), false);
    assert.equal(wantsColour({ FORCE_COLOR: '' }, false), false);
  });
});

describe('printable', () => {
  it('leaves text, line breaks and tabs as they are', () => {
    assert.equal(printable('Grüße\t👋\n'), 'Grüße\t👋\n');
  });

  it('gives nothing that a terminal obeys, whatever it takes', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const safe = printable(text);
        assert(safe.isWellFormed());
        assert.doesNotMatch(safe, /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('tableText', () => {
  const columns = [
    { heading: 'NAME', text: (row: readonly string[]) => row[0] ?? '' },
    { heading: 'COMMAND', text: (row: readonly string[]) => row[1] ?? '', mayShrink: true },
  ];
  const plain = colours(false);

  it('aligns columns and leaves no spaces at the ends of lines', () => {
    const rows = [
      ['web', 'a'],
      ['database', 'sleep 1'],
    ];
    const text = tableText(columns, rows, { width: Number.POSITIVE_INFINITY, colours: plain });
    assert.equal(text, 'NAME      COMMAND\nweb       a\ndatabase  sleep 1\n');
  });

  it('cuts what may be cut to the width of the terminal', () => {
    const rows = [['web', 'a long command with many words']];
    const text = tableText(columns, rows, { width: 20, colours: plain });
    assert.equal(text, 'NAME  COMMAND\nweb   a long comman…\n');
    for (const line of text.split('\n')) assert([...line].length <= 20);
  });

  it('keeps names whole however narrow the terminal is', () => {
    const text = tableText(columns, [['a-very-long-name', 'command of the sandbox']], { width: 5, colours: plain });
    assert.match(text, /a-very-long-name {2}command…/);
  });

  it('is a heading alone where there is nothing', () => {
    assert.equal(tableText(columns, [], { width: 80, colours: colours(true) }), '\x1b[1mNAME  COMMAND\x1b[22m\n');
  });

  it('keeps a row on its line', () => {
    const text = tableText(columns, [['a', 'x\ny\x1b[1m']], { width: 80, colours: plain });
    assert.equal(text.split('\n')[1], 'a     x y\\x1b[1m');
  });
});

describe('progressLine', () => {
  it('turns, and counts where the end is known', () => {
    assert.equal(progressLine({ label: 'preparing' }, 0), '⠋ preparing');
    assert.equal(progressLine({ label: 'preparing', done: 1, total: 3 }, 11), '⠙  33% preparing');
    assert.equal(progressLine({ label: 'x', done: 5, total: 3 }, 0), '⠋ 100% x');
    assert.equal(progressLine({ label: 'x', done: 5, total: 0 }, 0), '⠋ x');
  });
});
