import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countIds, firstIds, parseSubids } from '../../src/linux/subid.ts';

const ada = { uid: 1000, name: 'ada' };

test("a user's ranges are found by name and by uid, in the order of the file", () => {
  const text = 'root:1:2\nada:100000:65536\n1000:300000:10\nadam:5:5\n100:6:6\nada:400000:1';
  assert.deepEqual(parseSubids(text, ada), [
    { start: 100000, count: 65536 },
    { start: 300000, count: 10 },
    { start: 400000, count: 1 },
  ]);
});

test('malformed lines and ranges that the kernel would refuse are left out', () => {
  const lines = [
    'ada',
    'ada:1',
    'ada:x:5',
    'ada:5:',
    'ada:-1:5',
    'ada:1:0',
    'ada:4294967290:10',
    'ada:1:2:3',
    '#ada:1:2',
    'ada:0x10:5',
  ];
  assert.deepEqual(parseSubids(lines.join('\n'), ada), []);
  assert.deepEqual(parseSubids('ada:4294967294:1\r\n', ada), [{ start: 4294967294, count: 1 }]);
});

test('a user without a name is not given the lines of nobody', () => {
  assert.deepEqual(parseSubids(':1:2\nundefined:1:2\n', { uid: 5, name: undefined }), []);
});

test('ids are counted and taken from the front', () => {
  const ranges = [
    { start: 10, count: 5 },
    { start: 100, count: 50 },
  ];
  assert.equal(countIds(ranges), 55);
  assert.deepEqual(firstIds(ranges, 7), [
    { start: 10, count: 5 },
    { start: 100, count: 2 },
  ]);
  assert.deepEqual(firstIds(ranges, 5), [{ start: 10, count: 5 }]);
  assert.deepEqual(firstIds(ranges, 0), []);
  assert.deepEqual(firstIds(ranges, 1000), ranges);
});

test('no text makes the parser fail or gives ids beyond 32 bits', () => {
  const line = fc.array(fc.oneof(fc.constantFrom('ada', '1000', '', '-'), fc.nat().map(String), fc.string()), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(line.map((fields) => fields.join(':'))), (lines) => {
      for (const { start, count } of parseSubids(lines.join('\n'), ada)) {
        assert.ok(start >= 0 && count > 0 && start + count <= 0xffff_ffff);
      }
    }),
  );
});

test('taking ids never gives more than were asked for or are there', () => {
  const range = fc.record({ start: fc.nat(), count: fc.integer({ min: 1, max: 70_000 }) });
  fc.assert(
    fc.property(fc.array(range), fc.nat(100_000), (ranges, count) => {
      assert.equal(countIds(firstIds(ranges, count)), Math.min(count, countIds(ranges)));
    }),
  );
});
