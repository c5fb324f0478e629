import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { MOST_LAYERS } from '../../../src/launch/operations.ts';
import { runAs } from '../../support/user.ts';
import { insideImage, type Place, place, runImage, skipped, skippedWithoutFuse } from './support/image-sandbox.ts';

const MAKE_MANY = join(import.meta.dirname, 'support/make_many.py');

async function manyLayers({ user, directory }: Place, count: number): Promise<string[]> {
  const { status, stdout, stderr } = await runAs(user, ['python3', MAKE_MANY, `${directory}/layers`, String(count)]);
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n');
}

/** Reads every layer's own file, the one of all, and changes something; the first line is the sum of the numbers. */
const SCRIPT = `cat /data/of-[0-9]* | busybox awk '{ sum += $1 } END { print sum }' && cat /data/of-all &&
  rm /data/of-0 && echo changed > /data/of-1 && ls /data | wc -l && cat /data/of-1`;

const expected = (count: number): string => `${(count * (count - 1)) / 2}\n${count - 1}\n${count}\nchanged\n`;

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`an account with ${kind === 'bare' ? 'one id' : 'subordinate ids'}`, () => {
    for (const count of [2, 14, 15, 120, MOST_LAYERS]) {
      test(`mounts ${count} layers`, { skip: skipped(kind) }, async (t) => {
        const where = place(t, kind);
        const layers = await manyLayers(where, count);
        assert.equal(await insideImage(where, { layers, driver: 'native' }, SCRIPT), expected(count));
        assert.equal(await insideImage(where, { layers, driver: 'native' }, 'cat /data/of-0'), '0\n');
      });
    }

    test('120 layers with fuse-overlayfs', { skip: skippedWithoutFuse(kind) }, async (t) => {
      const where = place(t, kind);
      const layers = await manyLayers(where, 120);
      assert.equal(await insideImage(where, { layers, driver: 'fuse-overlayfs' }, SCRIPT), expected(120));
    });

    test('120 layers, copied', { skip: skipped(kind) }, async (t) => {
      const where = place(t, kind);
      const layers = await manyLayers(where, 120);
      assert.equal(await insideImage(where, { layers, driver: 'copy' }, SCRIPT), expected(120));
    });
  });
}

test('the kernel takes no more than that', { skip: skipped('subordinate') }, async (t) => {
  const where = place(t, 'subordinate');
  const layers = await manyLayers(where, MOST_LAYERS + 1);
  const { status, stderr } = await runImage(where, { layers, driver: 'native', command: ['true'] });
  assert.equal(status, 125);
  assert.match(stderr, /cannot mount the overlay over .* and 500 layers below it as the root file system: EINVAL/);
});

test('the paths of the layers are not to be seen inside', { skip: skipped('subordinate') }, async (t) => {
  const where = place(t, 'subordinate');
  const layers = await manyLayers(where, 3);
  const mounts = await insideImage(
    where,
    { layers, driver: 'native' },
    'cat /proc/mounts; ls /proc/1/fd; ls /proc/self/fd',
  );
  assert.ok(!mounts.includes(where.directory), mounts);
});
