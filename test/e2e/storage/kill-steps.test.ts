import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { needsAccount } from '../../support/user.ts';
import { at, type Place } from '../faults/support/place.ts';
import { content, leftAfterGc, loaded, ownPlace, writeArchive } from './support/images.ts';
import { killedAt, traced } from './support/killed.ts';

type Steps = ReadonlyArray<readonly [call: string, nth: readonly number[]]>;

/**
 * Whichever thread makes one of these for the N-th time is killed as it makes it: blobs aside, flushed, renamed; the
 * unpacker's start and its writing in the user namespace; the layers' places; the list of images.
 */
const LOAD: Steps = [
  ['mkdir', [3, 12, 20]],
  ['mkdirat', [1, 4, 7]],
  ['flock', [1, 2, 4]],
  ['fsync', [1, 2, 3]],
  ['rename', [1, 3, 5, 6, 7, 8]],
  ['chmod', [1, 4]],
  ['unlink', [1, 2]],
  ['fchownat', [1, 8]],
  ['symlinkat', [5]],
  ['utimensat', [3, 20]],
  ['clone', [1]],
  ['wait4', [1]],
  ['syncfs', [1]],
];

/** The sweep: blobs, layers to the trash, their removal in the user namespace. */
const GC: Steps = [
  ['flock', [1, 2, 3]],
  ['unlink', [1, 2, 3, 4]],
  ['rename', [1, 2]],
  ['rmdir', [1]],
  ['unlinkat', [1, 3, 8, 12]],
  ['fchmodat', [1, 2]],
  ['getdents64', [1, 3]],
  ['wait4', [1]],
  ['clone', [1, 3]],
];

const skip = { skip: traced.skip || needsAccount('subordinate') };

/** The image is there altogether, or not at all. */
async function assertWhole(where: Place, name: string): Promise<void> {
  const list = await at(where, ['image', 'ls', '--json']);
  assert.equal(list.status, 0, list.stderr);
  const names = (JSON.parse(list.stdout) as { name: string }[]).map((image) => image.name);
  if (!names.includes(`docker.io/library/${name}`)) return;
  const run = await at(where, ['run', '--workspace', 'none', '--pull', 'never', name, '--', 'cat', '/etc/above']);
  assert.deepEqual([run.status, run.stdout], [0, 'above\n'], run.stderr);
}

describe('kill -9 at a step of load', skip, () => {
  for (const [call, numbers] of LOAD) {
    it(`in ${call}: no half is shown, the next load works, and gc leaves nothing`, skip, async (t) => {
      const where = ownPlace(t, 'kill-load');
      const archive = writeArchive(where, ['small:1']);
      let killed = 0;
      for (const nth of numbers) {
        const { status, signal } = await killedAt(where, [call, nth], ['load', '--quiet', '-i', archive]);
        if (signal === 'SIGKILL' || status === 137 || status === 125) killed += 1;
        else assert.equal(status, 0);
        await assertWhole(where, 'small:1');
        // Once the next load takes what is there, once what is there is garbage.
        if (nth % 2 === 0) assert.deepEqual(await leftAfterGc(where), [], `${call} ${nth}`);
        await loaded(where, ['small:1']);
        await assertWhole(where, 'small:1');
        assert.deepEqual(await leftAfterGc(where), [], `${call} ${nth}`);
      }
      t.diagnostic(`${killed} of ${numbers.length} were killed before the end`);
      // The last step is in a helper that outlives the command.
      if (call !== 'syncfs') assert(killed > 0, `nothing was killed in ${call}`);
    });
  }
});

/** Makes garbage of an image: as if it had been removed, and the command killed before it freed anything. */
function forget({ store }: Place, name: string): void {
  const path = `${store}/images/index.json`;
  const index: { manifests: { annotations: Record<string, string> }[] } = JSON.parse(readFileSync(path, 'utf8'));
  index.manifests = index.manifests.filter(
    ({ annotations }) => annotations['org.opencontainers.image.ref.name'] !== `docker.io/library/${name}`,
  );
  writeFileSync(path, JSON.stringify(index));
}

describe('kill -9 at a step of gc', skip, () => {
  for (const [call, numbers] of GC) {
    it(`in ${call}: what is in use stays whole, and the next gc leaves nothing`, skip, async (t) => {
      const where = ownPlace(t, 'kill-gc');
      await loaded(where, ['kept:1']);
      await assertWhole(where, 'kept:1');
      await at(where, ['gc', '--all']);
      const before = await content(where.store);
      for (const nth of numbers) {
        await loaded(where, ['apart:1'], 'apart');
        forget(where, 'apart:1');
        const { status, signal } = await killedAt(where, [call, nth], ['gc', '--all']);
        assert(signal === 'SIGKILL' || status === 137 || status === 125, `${call} ${nth} was not made: ${status}`);
        await assertWhole(where, 'kept:1');
        const next = await at(where, ['gc', '--all']);
        assert.equal(next.status, 0, next.stderr);
        assert.deepEqual(await content(where.store), before, `${call} ${nth}`);
        await assertWhole(where, 'kept:1');
      }
      assert.deepEqual(await leftAfterGc(where), []);
    });
  }
});
