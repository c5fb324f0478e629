import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { cString, decodeBytes, encodeBytes } from '../../src/linux/bytes.ts';

/** Bytes that lie near the borders of well-formed UTF-8 far more often than uniform ones do. */
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc
        .constantFrom(0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xa0, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xf5, 0xff, 0)
        .map((byte) => Buffer.of(byte)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

test('every byte sequence survives decoding and encoding', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), nearlyUtf8), (bytes) => {
      assert.deepEqual(encodeBytes(decodeBytes(bytes)), Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('valid UTF-8 decodes as Node decodes it, anything else holds a lone surrogate', () => {
  fc.assert(
    fc.property(nearlyUtf8, (bytes) => {
      if (isUtf8(bytes)) assert.equal(decodeBytes(bytes), bytes.toString('utf8'));
      else assert.ok(!decodeBytes(bytes).isWellFormed());
    }),
    { numRuns: 2000 },
  );
});

test('well-formed text encodes as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => assert.deepEqual(encodeBytes(text), Buffer.from(text))),
  );
});

test('bytes that are not UTF-8 become the surrogates of PEP 383', () => {
  assert.equal(decodeBytes(Buffer.from([0x61, 0xff, 0x62])), 'a\udcffb');
  assert.equal(decodeBytes(Buffer.from([0xc0, 0xaf])), '\udcc0\udcaf', 'overlong');
  assert.equal(decodeBytes(Buffer.from([0xed, 0xb2, 0x80])), '\udced\udcb2\udc80', 'an encoded surrogate');
  assert.equal(decodeBytes(Buffer.from([0xe2, 0x82])), '\udce2\udc82', 'cut short');
  assert.equal(decodeBytes(Buffer.from([0xf4, 0x90, 0x80, 0x80])), '\udcf4\udc90\udc80\udc80', 'above U+10FFFF');
  assert.equal(decodeBytes(Buffer.from([0xff, 0xf0, 0x9f, 0x98, 0x80])), '\udcff😀');
  assert.equal(decodeBytes(Buffer.from('\ufeffé\0')), '\ufeffé\0');
});

test('a view into a larger buffer decodes only what it shows', () => {
  assert.equal(decodeBytes(new Uint8Array([0x61, 0xff, 0x62, 0x63]).subarray(1, 3)), '\udcffb');
});

test('surrogates that stand for no byte are refused', () => {
  assert.throws(() => encodeBytes('a\ud800'), /U\+D800/);
  assert.throws(() => encodeBytes('\udc7f'), RangeError);
  assert.throws(() => encodeBytes('\udd00'), RangeError);
});

test('a C string ends with NUL and has none inside', () => {
  assert.deepEqual(cString('a\udcff'), Buffer.from([0x61, 0xff, 0]));
  assert.deepEqual(cString(''), Buffer.of(0));
  assert.throws(() => cString('/etc\0/passwd'), /NUL at character 4/);
});
