import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { needs } from '../../packages.ts';
import { onChangedHost, withMounts } from '../faults/support/mount-namespace.ts';
import { at, ordinary } from '../faults/support/place.ts';
import { leftAfterGc, loaded, ownPlace, writeArchive } from './support/images.ts';

const options = { skip: ordinary.skip || needs('busybox') };

describe('the store, used by several at once', options, () => {
  it('takes one image from two loads, each layer once', options, async (t) => {
    const where = ownPlace(t, 'together');
    const archive = writeArchive(where, ['small:1']);
    const loads = [0, 1, 2].map(async () => await at(where, ['load', '-q', '-i', archive]));
    for (const { status, stderr } of await Promise.all(loads)) assert.equal(status, 0, stderr);
    assert.equal((await at(where, ['image', 'ls', '-a', '-q'])).stdout.trim().split('\n').length, 1);
    const run = await at(where, ['run', '--workspace', 'none', 'small:1', '--', 'cat', '/etc/above']);
    assert.equal(run.stdout, 'above\n', run.stderr);
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('loses nothing to garbage collection while images are loaded and run', options, async (t) => {
    const where = ownPlace(t, 'together');
    await loaded(where, ['small:1']);
    const apart = writeArchive(where, ['apart:1'], 'apart');
    const run = ['run', '--workspace', 'none', 'small:1', '--', 'sh', '-c', 'sleep 0.2; cat /etc/above'];
    for (let round = 0; round < 4; round++) {
      const all = await Promise.all([
        at(where, run),
        at(where, ['gc', '--all']),
        at(where, ['load', '-q', '-i', apart]),
        at(where, ['gc', '--all']),
        at(where, run),
      ]);
      for (const { status, stderr } of all) assert.equal(status, 0, stderr);
      const loadedNow = await at(where, ['run', '--workspace', 'none', 'apart:1', '--', 'cat', '/etc/extra']);
      assert.equal(loadedNow.stdout, 'apart', loadedNow.stderr);
      await at(where, ['image', 'rm', 'apart:1']);
    }
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('is said to be locked when gc has to wait', options, async (t) => {
    const where = ownPlace(t, 'together');
    await loaded(where, ['small:1']);
    const { spawn } = await import('node:child_process');
    const other = spawn('flock', ['-s', `${where.store}/lock`, 'sh', '-c', 'sleep 2.5']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const gc = await at(where, ['gc']);
    assert.equal(gc.status, 0, gc.stderr);
    assert.match(gc.stderr, new RegExp(`waiting for (?:process .*${other.pid}|another command)`));
  });
});

describe('a full disk', { skip: withMounts.skip || options.skip }, () => {
  // Too small for the blobs, and for what they unpack to.
  for (const size of ['400k', '2500k']) {
    it(`of ${size} ends a load with the reason, and no name is printed`, async (t) => {
      const where = ownPlace(t, 'full');
      const archive = writeArchive(where, ['small:1']);
      mkdirSync(where.store, { recursive: true });
      const { uid, gid } = where.user;
      const mount = `mount -t tmpfs -o size=${size},uid=${uid},gid=${gid},mode=700 tmpfs "$STORE"`;
      const { status, stdout, stderr } = await onChangedHost(where, mount, ['load', '-q', '-i', archive]);
      assert.deepEqual([status, stdout], [125, ''], stderr);
      assert.match(stderr, /no space|ENOSPC/i);
      rmSync(where.store, { recursive: true, force: true });
    });
  }
});
