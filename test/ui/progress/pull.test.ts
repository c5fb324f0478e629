import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { colours } from '../../../src/ui/colour.ts';
import { meansYes } from '../../../src/ui/confirm.ts';
import { block, rowsTaken } from '../../../src/ui/progress/block.ts';
import { plainLine, pullLines } from '../../../src/ui/progress/pull-lines.ts';
import { type LayerProgress, type PullView, pullTally } from '../../../src/ui/progress/pull-view.ts';
import { rateMeter } from '../../../src/ui/progress/rate.ts';
import { byteText, durationText } from '../../../src/ui/quantity.ts';
import { widthOf } from '../../../src/ui/width.ts';

const plain = colours(false);
const MB = 1_000_000;

function layer(label: string, parts: Partial<LayerProgress> = {}): LayerProgress {
  return { label, size: 10 * MB, state: 'waiting', downloaded: 0, unpacked: 0, ...parts };
}

it('amounts are told with three digits, times in two units', () => {
  const amounts = [0, 999, 1000, 1234, 12_340, 999_499, 999_500, 29.06 * MB, 123.4 * MB, 5e9, 5e15].map(byteText);
  assert.deepEqual(amounts, [
    '0 B',
    '999 B',
    '1.00 kB',
    '1.23 kB',
    '12.3 kB',
    '999 kB',
    '1.00 MB',
    '29.1 MB',
    '123 MB',
    '5.00 GB',
    '5000 TB',
  ]);
  assert.deepEqual([0, 0.4, 59.4, 60, 65, 3599, 3600, 7380].map(durationText), [
    '0s',
    '0s',
    '59s',
    '1m00s',
    '1m05s',
    '59m59s',
    '1h00m',
    '2h03m',
  ]);
});

it('yes is yes, and everything else is no', () => {
  for (const yes of ['y', 'Y\n', ' yes ', 'YES']) assert.equal(meansYes(yes), true);
  for (const no of ['', '\n', 'n', 'yeah', 'y n']) assert.equal(meansYes(no), false);
});

describe('rateMeter', () => {
  it('tells the rate of the last seconds', () => {
    const meter = rateMeter();
    assert.equal(meter.perSecond(), undefined);
    meter.add(0, 0);
    meter.add(100, 50);
    assert.equal(meter.perSecond(), undefined);
    for (let at = 1000; at <= 10_000; at += 1000) meter.add(at, at);
    assert.equal(meter.perSecond(), 1000);
    for (let at = 11_000; at <= 20_000; at += 1000) meter.add(at, 10_000);
    assert.equal(meter.perSecond(), 0);
  });

  it('starts over with a download that starts over', () => {
    const meter = rateMeter();
    meter.add(0, 0);
    meter.add(1000, 5000);
    meter.add(2000, 0);
    assert.equal(meter.perSecond(), undefined);
    meter.add(3000, 100);
    assert.equal(meter.perSecond(), 100);
  });
});

describe('pullTally', () => {
  it('counts what has to be had, and says how long the rest takes', () => {
    const tally = pullTally('debian');
    tally.resolving('docker.io/library/debian:latest');
    assert.deepEqual(tally.view(0), {
      name: 'docker.io/library/debian:latest',
      layers: [],
      downloaded: 0,
      total: 0,
    });
    tally.layer(layer('a', { state: 'present' }));
    tally.layer(layer('b', { state: 'downloading', downloaded: 2 * MB }));
    tally.layer(layer('c'));
    tally.view(1000);
    tally.layer(layer('b', { state: 'downloading', downloaded: 4 * MB, unpacked: 2 * MB }));
    const view = tally.view(2000);
    assert.deepEqual([view.downloaded, view.total, view.layers.length], [4 * MB, 20 * MB, 3]);
    assert.equal(view.rate, 2 * MB);
    // 40 MB to download and to unpack, 6 done, in one second 4 of them since the first look with 2.
    assert.equal(view.secondsLeft, 34 / 3);
  });

  it('has no rate any more when everything is downloaded, and nothing left when all is done', () => {
    const tally = pullTally('x');
    tally.view(0);
    tally.layer(layer('a', { state: 'unpacking', downloaded: 10 * MB, unpacked: 5 * MB }));
    const unpacking = tally.view(1000);
    assert.equal(unpacking.rate, undefined);
    assert.notEqual(unpacking.secondsLeft, undefined);
    tally.layer(layer('a', { state: 'done', downloaded: 10 * MB, unpacked: 10 * MB }));
    assert.equal(tally.view(2000).secondsLeft, undefined);
  });
});

describe('pullLines', () => {
  const view: PullView = {
    name: 'docker.io/library/debian:latest',
    layers: [
      layer('000000000000', { state: 'present' }),
      layer('111111111111', { state: 'done' }),
      layer('222222222222', { state: 'unpacking', downloaded: 10 * MB, unpacked: 4 * MB }),
      layer('333333333333', { state: 'downloading', downloaded: 2.5 * MB }),
      layer('444444444444'),
    ],
    downloaded: 22.5 * MB,
    total: 40 * MB,
    rate: 5 * MB,
    secondsLeft: 65,
  };
  const lines = (columns: number, rows = 24): string[] => pullLines(view, { columns, rows, colours: plain }, 0);

  it('show each layer that comes, and all of it in the first', () => {
    assert.deepEqual(lines(100), [
      '⠋ pulling docker.io/library/debian:latest  2 of 5 layers  22.5 MB of 40.0 MB  1m05s left  5.00 MB/s',
      '111111111111  done         ██████████████████████████████  10.0 MB',
      '222222222222  unpacking    ████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  4.00 MB / 10.0 MB',
      '333333333333  downloading  ▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░  2.50 MB / 10.0 MB',
      '444444444444  waiting      ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0 B / 10.0 MB',
    ]);
  });

  it('give up bars, then names of states, where the terminal is narrow', () => {
    assert.deepEqual(lines(42), [
      '⠋ pulling docker.io/library/debian:latest',
      '111111111111  done         100%',
      '222222222222  unpacking     70%',
      '333333333333  downloading   12%',
      '444444444444  waiting        0%',
    ]);
    assert.equal(lines(20)[2], ' 70% 222222222222');
    assert.equal(lines(60)[2], '222222222222  unpacking    █████▒▒▒▒▒▒▒  4.00 MB / 10.0 MB');
  });

  it('are never wider than the terminal, nor more than it has rows', () => {
    const anyLayer = fc.record({
      label: fc.constantFrom('abcdefabcdef', '漢字'),
      size: fc.nat(2 ** 40),
      state: fc.constantFrom('waiting', 'downloading', 'unpacking', 'done', 'present'),
      downloaded: fc.nat(2 ** 41),
      unpacked: fc.nat(2 ** 41),
    } as const);
    const size = fc.integer({ min: 1, max: 120 });
    fc.assert(
      fc.property(
        fc.array(anyLayer, { maxLength: 60 }),
        size,
        size,
        fc.boolean(),
        (layers, columns, rows, coloured) => {
          const drawn = pullLines({ ...view, layers }, { columns, rows, colours: colours(coloured) }, 3);
          assert(drawn.length >= 1 && drawn.length <= Math.max(1, rows));
          for (const line of drawn) assert(widthOf(stripVTControlCharacters(line)) <= Math.max(1, columns - 1), line);
        },
      ),
    );
  });

  it('show those in which something happens where there is no room for all', () => {
    assert.deepEqual(
      lines(100, 5).map((line) => line.slice(0, 12)),
      ['⠋ pulling do', '222222222222', '333333333333', 'and 2 more'],
    );
  });

  it('say what is looked for before anything is known', () => {
    const unknown = { name: 'debian\x1b[31m', layers: [], downloaded: 0, total: 0 };
    assert.deepEqual(pullLines(unknown, { columns: 80, rows: 24, colours: plain }, 1), [
      '⠙ looking for debian\\x1b[31m',
    ]);
  });

  it('are one line where nothing can be redrawn', () => {
    assert.equal(
      plainLine(view),
      'pulling docker.io/library/debian:latest, 2 of 5 layers, 22.5 MB of 40.0 MB, 1m05s left, 5.00 MB/s',
    );
  });
});

describe('block', () => {
  it('is replaced in place and taken away', () => {
    const shown = block();
    assert.equal(shown.replace(['one', 'two'], 80), 'one\ntwo');
    assert.equal(shown.replace(['three'], 80), '\r\x1b[1A\x1b[Jthree');
    assert.equal(shown.clear(80), '\r\x1b[J');
    assert.equal(shown.clear(80), '');
    assert.equal(shown.replace(['four'], 80), 'four');
  });

  it('counts the rows of lines that the terminal wrapped when it became narrower', () => {
    assert.equal(rowsTaken(['a'.repeat(80), '', '漢'.repeat(30)], 40), 2 + 1 + 2);
    assert.equal(rowsTaken(['\x1b[32mgreen\x1b[39m'], 5), 1);
    const shown = block();
    shown.replace(['a'.repeat(75), 'b'.repeat(75)], 80);
    assert.equal(shown.replace(['c'], 40), '\r\x1b[3A\x1b[Jc');
  });
});
