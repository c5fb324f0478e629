import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FaultRegistry, startFaultRegistry } from '../../support/fault-registry/registry.ts';
import { layerBlob, runnableLayers } from '../../support/image-archive.ts';
import { needsAccount } from '../../support/user.ts';
import { at, type Place } from '../faults/support/place.ts';
import { leftAfterGc, ownPlace } from '../storage/support/images.ts';
import { killedAt, traced } from '../storage/support/killed.ts';

/**
 * Whichever thread makes one of these for the N-th time is killed as it makes it: the download and its file, the unpacker's
 * start and its writing in the user namespace, blobs and layers that get their places, the list of images.
 */
const PULL: ReadonlyArray<readonly [call: string, nth: readonly number[]]> = [
  ['connect', [1, 2]],
  ['flock', [1, 2, 4]],
  ['mkdir', [3, 10]],
  ['mkdirat', [1, 4]],
  ['fsync', [1, 2]],
  ['rename', [1, 2, 3, 4, 5]],
  ['chmod', [1, 3]],
  ['fchownat', [1, 8]],
  ['symlinkat', [5]],
  ['utimensat', [3, 20]],
  ['clone', [1]],
  ['wait4', [1]],
  ['openat2', [2]],
];

const options = { skip: traced.skip || needsAccount('subordinate') };

/** The image is there altogether, or not at all. */
async function assertWhole(where: Place, name: string): Promise<void> {
  const list = await at(where, ['image', 'ls', '--json']);
  assert.equal(list.status, 0, list.stderr);
  const names = (JSON.parse(list.stdout) as { name: string }[]).map((image) => image.name);
  if (names.includes(name)) await assertRuns(where, ['--pull', 'never', name]);
}

async function assertRuns(where: Place, words: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await at(where, [
    'run',
    '--workspace',
    'none',
    ...words,
    '--',
    'cat',
    '/etc/above',
  ]);
  assert.deepEqual([status, stdout], [0, 'above\n'], stderr);
}

/** An image of two layers, the upper relying on the lower, as `small:1`. */
function serve(registry: FaultRegistry): string {
  registry.serve('small:1', {
    layers: runnableLayers('gzip').map(layerBlob),
    platform: process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
    config: { Env: ['PATH=/bin'] },
  });
  return `${registry.host}/small:1`;
}

describe('kill -9 at a step of a pull', options, () => {
  for (const [call, numbers] of PULL) {
    it(`in ${call}: no half is shown, the next pull works, and gc leaves nothing`, options, async (t) => {
      const name = serve(await startFaultRegistry(t));
      const where = ownPlace(t, 'kill-pull');
      let killed = 0;
      for (const nth of numbers) {
        const { status, signal } = await killedAt(where, [call, nth], ['pull', '--quiet', name]);
        if (signal === 'SIGKILL' || status === 137 || status === 125) killed += 1;
        else assert.equal(status, 0);
        await assertWhole(where, name);
        // Once the next pull takes what is there, once what is there is garbage.
        if (nth % 2 === 0) assert.deepEqual(await leftAfterGc(where), [], `${call} ${nth}`);
        await assertRuns(where, [name]);
        assert.deepEqual(await leftAfterGc(where), [], `${call} ${nth}`);
      }
      t.diagnostic(`${killed} of ${numbers.length} were killed before the end`);
      assert(killed > 0, `nothing was killed in ${call}`);
    });
  }
});
