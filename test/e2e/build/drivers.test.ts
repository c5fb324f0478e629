/* What steps change is the same layer, whichever driver has put the root file system together. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { skippedWithoutFuse } from '../drivers/support/image-sandbox.ts';
import { leftovers, type ProjectWorld, projectWorld, step } from './world.ts';

const STEPS = [
  step('mkdir /made /made/deep; echo lower > /made/file; echo lower > /made/deep/file; mkdir /kept; touch /kept/gone'),
  step('mkdir /empty; mkdir -p /tree/a/b; echo new > /tree/a/new; echo new > /made/new'),
  step('rm /kept/gone /etc/group; ln -s nowhere /link; mv /made/deep/file /made/deep/moved'),
  step('rm -r /made; mkdir /made; echo upper > /made/upper'),
  step('rm -r /kept; echo file > /kept; rm /link; mkdir /link; rm -r /tree/a; mkdir -m 700 /tree/a'),
  step('mkdir /gone; mkdir /gone/inside; rm -r /gone; mv /made/upper /made/other; echo more >> /etc/passwd'),
];
const LOOK =
  'ls -lnRA --full-time /made /kept /tree /link /empty; ls /etc; cat /made/other /etc/passwd; find / -xdev -name ".wh.*"';

function useDriver({ env }: ProjectWorld, driver: string): void {
  writeFileSync(`${env.XDG_CONFIG_HOME}/sandbox/config.toml`, `[storage]\ndriver = "${driver}"\n`);
}

async function withoutStore(world: ProjectWorld): Promise<void> {
  const { status, stderr } = await world.sandbox(['reset', '--force']);
  assert.equal(status, 0, stderr);
}

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`steps by drivers, ${kind} ids`, { skip: skippedWithoutFuse(kind) }, () => {
    it('give the same layers', async (t) => {
      const world = await projectWorld(t, kind);
      const results: Array<readonly [digests: readonly string[], seen: string]> = [];
      for (const driver of ['native', 'fuse-overlayfs']) {
        useDriver(world, driver);
        world.steps(...STEPS);
        const digests = await world.digests();
        results.push([digests, await world.shell(LOOK)]);
        assert.deepEqual(leftovers(world), []);
        await withoutStore(world);
      }
      const [native, fuse] = results;
      assert.deepEqual(fuse, native);
    });
  });
}
