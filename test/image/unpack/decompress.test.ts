import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { decompress } from '../../../src/image/unpack/decompress.ts';

const content = Buffer.alloc(400_000, 'what is in the layer ');
const FORMS = { gzip: gzipSync(content), zstd: zstdCompressSync(content), none: content } as const;
type Form = keyof typeof FORMS;

async function whole(form: Form, pieces: readonly Buffer[]): Promise<Buffer> {
  const taken: Buffer[] = [];
  await decompress(
    (async function* () {
      // As from a file: one buffer for all pieces.
      const shared = Buffer.alloc(Math.max(1, ...pieces.map(({ length }) => length)));
      for (const piece of pieces) {
        piece.copy(shared);
        yield shared.subarray(0, piece.length);
      }
    })(),
    form,
    (piece) => taken.push(Buffer.from(piece)),
  );
  return Buffer.concat(taken);
}

for (const form of ['gzip', 'zstd', 'none'] as const) {
  const blob = FORMS[form];

  it(`${form}: gives the same whatever the pieces are, several streams one after the other too`, async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3 * blob.length }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const three = Buffer.concat([blob, blob, blob]);
        const sorted = [0, ...places.toSorted((a, b) => a - b), three.length];
        const pieces = sorted.slice(1).map((end, index) => three.subarray(sorted[index], end));
        assert.ok((await whole(form, pieces)).equals(Buffer.concat([content, content, content])));
      }),
      { numRuns: 30 },
    );
  });

  it(`${form}: fails with what the taker or the source throws`, async () => {
    const pieces = async function* (failure?: Error) {
      yield blob.subarray(0, blob.length / 2);
      if (failure) throw failure;
      yield blob.subarray(blob.length / 2);
    };
    const full = new Error('full');
    const refuse = () => {
      throw full;
    };
    await assert.rejects(decompress(pieces(), form, refuse), full);
    await assert.rejects(
      decompress(pieces(full), form, () => {}),
      full,
    );
  });
}

for (const form of ['gzip', 'zstd'] as const) {
  it(`${form}: data that is damaged or cut off is no content`, async () => {
    const blob = FORMS[form];
    const changed = Buffer.from(blob);
    changed.fill(0xff, 8, 30);
    await assert.rejects(whole(form, [changed]), { name: 'ImageError', code: 'CORRUPT' });
    for (const length of [1, 10, blob.length - 1])
      await assert.rejects(whole(form, [blob.subarray(0, length)]), { name: 'ImageError', code: 'CORRUPT' });
  });
}

it('zstd: what follows the last frame and is none is damage; gzip(1) ignores it, and so do others', async () => {
  await assert.rejects(whole('zstd', [FORMS.zstd, Buffer.alloc(64, 1)]), { code: 'CORRUPT' });
  assert.ok((await whole('gzip', [FORMS.gzip, Buffer.alloc(64)])).equals(content));
});
