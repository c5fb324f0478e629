import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import { needs } from '../../packages.ts';
import { hexOf, layerBlob } from '../../support/image-archive.ts';
import { eventually } from '../faults/support/leftovers.ts';
import { at, ordinary, type Place } from '../faults/support/place.ts';
import { leftAfterGc, loaded, ownPlace, smallImage } from './support/images.ts';

/** What a command that was cut off may leave, put into a store that was used before. */
const LEFT: ReadonlyArray<readonly [what: string, leave: (where: Place) => void]> = [
  [
    'a part of a blob',
    (where) => {
      const [layer] = smallImage().layers;
      assert(layer);
      const blob = layerBlob(layer);
      put(where, `images/partial/sha256-${hexOf(blob)}`, blob.subarray(0, 1000));
    },
  ],
  ['a blob that was being written', (where) => put(where, 'images/partial/blob.4-abc-1.tmp', 'half a bl')],
  ['a list of images that was being written', (where) => put(where, 'images/index.json.4-abc-1.tmp', '{"schemaV')],
  [
    'a layer that was being unpacked',
    (where) => {
      put(where, 'layers/.work/0123/lock', '');
      put(where, 'layers/.work/0123/tree/bin/sh', 'half');
    },
  ],
  ['a layer that was begun', (where) => put(where, 'layers/.work/0123/x', '')],
  [
    'layers of an image that never came into the list',
    (where) => {
      put(where, 'images/index.json', '{"schemaVersion":2,"manifests":[]}');
    },
  ],
  [
    'layers that were not on the disk when the power was cut',
    (where) => {
      for (const layer of layersOf(where)) {
        put(where, `${layer}/unsynced`, '00000000-0000-0000-0000-000000000000\n');
        rmSync(`${where.store}/${layer}/tree/etc/above`, { force: true });
      }
    },
  ],
  [
    'blobs that were not on the disk when the power was cut',
    (where) => {
      const directory = `${where.store}/images/blobs/sha256`;
      for (const hex of readdirSync(directory)) {
        rmSync(`${directory}/${hex}`);
        put(where, `images/blobs/sha256/${hex}`, '');
      }
    },
  ],
  ['a blob that nothing needs', (where) => put(where, `images/blobs/sha256/${'0'.repeat(64)}`, 'x')],
  [
    'layers on their way out',
    (where) => {
      for (const [at_, layer] of layersOf(where).entries()) {
        renameSync(`${where.store}/${layer}`, `${where.store}/trash/${at_}`);
      }
    },
  ],
];

function layersOf({ store }: Place): string[] {
  return readdirSync(`${store}/layers`)
    .filter((key) => key !== '.work')
    .flatMap((key) => readdirSync(`${store}/layers/${key}`).map((name) => `layers/${key}/${name}`));
}

/** Writes a file of the store as its owner has it. */
function put({ store, user }: Place, name: string, data: string | Uint8Array): void {
  const made: string[] = [];
  for (let path = `${store}/${name}`; !existsSync(path); path = path.slice(0, path.lastIndexOf('/'))) made.push(path);
  mkdirSync(`${store}/${name}`.slice(0, `${store}/${name}`.lastIndexOf('/')), { recursive: true });
  writeFileSync(`${store}/${name}`, data);
  for (const path of made) chownSync(path, user.uid, user.gid);
}

/** The helper that flushes the layers outlives the command. */
async function flushed(where: Place): Promise<void> {
  await eventually('the layers to be on the disk', () =>
    layersOf(where).every((layer) => !existsSync(`${where.store}/${layer}/unsynced`)),
  );
}

const options = { skip: ordinary.skip || needs('busybox') };

describe('what a command that was cut off left', options, () => {
  for (const [what, leave] of LEFT) {
    it(`is no hindrance, and goes: ${what}`, options, async (t) => {
      const where = ownPlace(t, 'recovery');
      await loaded(where, ['small:1']);
      await flushed(where);
      leave(where);
      assert.equal((await at(where, ['image', 'ls'])).status, 0);
      assert.equal((await at(where, ['df'])).status, 0);
      await loaded(where, ['small:1']);
      const run = await at(where, [
        'run',
        '--workspace',
        'none',
        '--pull',
        'never',
        'small:1',
        '--',
        'cat',
        '/etc/above',
      ]);
      assert.deepEqual([run.status, run.stdout], [0, 'above\n'], run.stderr);
      assert.equal((await at(where, ['gc', '--all'])).status, 0);
      const again = await at(where, ['run', '--workspace', 'none', '--pull', 'never', 'small:1', '--', 'true']);
      assert.equal(again.status, 0, again.stderr);
      assert.deepEqual(await leftAfterGc(where), []);
    });

    it(`goes with gc alone: ${what}`, options, async (t) => {
      const where = ownPlace(t, 'recovery');
      await loaded(where, ['small:1']);
      await flushed(where);
      leave(where);
      const gc = await at(where, ['gc', '--all']);
      assert.equal(gc.status, 0, gc.stderr);
      // An image that became incomplete is said to be so, or can be removed like any other.
      const removed = await at(where, ['image', 'rm', '--force', 'small:1']);
      assert.equal(removed.status, 0, removed.stderr);
      assert.deepEqual(await leftAfterGc(where), []);
    });
  }

  it('is unpacked again from what was downloaded', options, async (t) => {
    const where = ownPlace(t, 'recovery');
    await loaded(where, ['small:1']);
    await flushed(where);
    for (const layer of layersOf(where)) put(where, `${layer}/unsynced`, 'another boot\n');
    const run = await at(where, ['run', '--workspace', 'none', 'small:1', '--', 'cat', '/etc/above']);
    assert.deepEqual([run.status, run.stdout], [0, 'above\n'], run.stderr);
    // Of this boot now, and flushed by gc if nobody did before.
    assert.equal((await at(where, ['gc'])).status, 0);
    for (const layer of layersOf(where)) {
      assert(
        !existsSync(`${where.store}/${layer}/unsynced`),
        readFileSync(`${where.store}/${layer}/layer.json`, 'utf8'),
      );
    }
  });
});
