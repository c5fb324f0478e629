import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archive } from '../../support/tar/write.ts';
import { runAs } from '../../support/user.ts';
import { type ProjectWorld, projectWorld } from '../build/world.ts';
import { bareWithBusybox, busyboxTar, withBusybox } from '../images/support/world.ts';

const LOOK = `cat /etc/hosts /etc/hostname; stat -c '%n %a %u:%g' / /etc /home /etc/hosts; pwd`;

/** Layers that were made for shims. */
function placed({ store }: ProjectWorld): string[] {
  const keys = readdirSync(`${store}/layers`).filter((name) => name !== '.work');
  return keys.flatMap((key) => readdirSync(`${store}/layers/${key}`).filter((name) => name.startsWith('placed-')));
}

async function shim(world: ProjectWorld, script: string): Promise<string> {
  const { user, cwd, env } = world;
  const { status, stdout, stderr } = await runAs(user, [`${cwd}/.sandbox/bin/sh`, '-c', script], { cwd, env });
  assert.equal(status, 0, stderr);
  return stdout;
}

for (const [ids, needed] of [
  ['subordinate', withBusybox],
  ['bare', bareWithBusybox],
] as const) {
  describe(`what shims of an image have made once (${ids})`, needed, () => {
    test('looks as in any other sandbox of the environment, and is its own to change', async (t) => {
      const world = await projectWorld(t, ids);
      world.write('sandbox.toml', `image = "${world.registry.host}/box:1"\nnetwork = "none"\n`);
      await world.says(['shim', '-q', 'sh']);
      assert.equal(placed(world).length, 1);
      assert.equal(await shim(world, LOOK), await world.says(['run', '--', 'sh', '-c', `${LOOK}; echo`]));
      assert.equal(await shim(world, 'stat -c %Y /etc'), '1700000000\n', 'as the image has it');
      const changed = 'echo more >> /etc/hosts && rm /etc/hostname && grep more /etc/hosts && echo 1 > made';
      assert.equal(await shim(world, changed), 'more\n');
      assert.equal(await shim(world, 'grep more /etc/hosts; cat made /etc/hostname'), '1\nproject\n');
    });

    test('is kept by garbage collection as long as they are, and made anew when it is gone', async (t) => {
      const world = await projectWorld(t, ids);
      world.write('sandbox.toml', `image = "${world.registry.host}/box:1"\nnetwork = "none"\n`);
      await world.says(['shim', '-q', 'sh']);
      const [first] = placed(world);
      await world.says(['gc', '--all']);
      assert.deepEqual(placed(world), [first]);
      const key = readdirSync(`${world.store}/layers`).find((name) => name !== '.work');
      await runAs(world.user, ['rm', '-r', `${world.store}/layers/${key}/${first}`]);
      assert.match(await shim(world, 'cat /etc/hosts'), /localhost/);
      assert.deepEqual(placed(world), [first]);
      await world.says(['shim', '--remove', 'sh']);
      await world.says(['gc']);
      assert.deepEqual(placed(world), []);
    });

    test('does without caches that were removed: they are made again', async (t) => {
      const world = await projectWorld(t, ids);
      const toml = `image = "${world.registry.host}/box:1"\nnetwork = "none"\ncache = ["npm"]\n`;
      world.write('sandbox.toml', toml);
      await world.says(['shim', '-q', 'sh']);
      await shim(world, 'echo 1 > /var/cache/npm/here');
      assert.equal(await shim(world, 'cat /var/cache/npm/here'), '1\n');
      await world.says(['gc', '--caches']);
      assert.equal(await shim(world, 'ls /var/cache/npm; echo 2 > /var/cache/npm/here'), '');
      assert.equal(await shim(world, 'cat /var/cache/npm/here'), '2\n');
    });

    test('hides nothing of an image that has links in its place', async (t) => {
      const world = await projectWorld(t, ids);
      const links = archive([
        { name: 'real', kind: 'directory' },
        { name: 'real/mark', data: 'image\n' },
        // In the place of a directory of the layer below.
        { name: 'etc', kind: 'symlink', link: 'real' },
      ]);
      world.registry.serve('links:1', { layers: [busyboxTar(), gzipSync(links)], config: {} });
      world.write('sandbox.toml', `image = "${world.registry.host}/links:1"\nnetwork = "none"\n`);
      await world.says(['shim', '-q', 'sh']);
      const look = 'cat /real/mark; cat /etc/hosts; echo; pwd';
      assert.equal(await shim(world, look), await world.says(['run', '--', 'sh', '-c', `${look}; echo`]));
    });
  });
}
