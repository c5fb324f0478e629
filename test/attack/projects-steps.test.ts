/** Scripts of steps that write what would mean something else in a layer. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { leftovers, projectWorld, step } from '../e2e/build/world.ts';
import { skippedWithoutFuse } from '../e2e/drivers/support/image-sandbox.ts';

const BELOW = step('mkdir /d; echo below > /below; echo below > /d/file');
/** Each makes a file that readers of the layer would take for what hides `below`, or all of /d. fuse-overlayfs refuses some. */
const ATTEMPTS: ReadonlyArray<readonly [script: string, unsafePath: string]> = [
  [': > /.wh.below', '.wh.below'],
  ['touch /n; mv /n /.wh.below', '.wh.below'],
  ['echo text > /n; mv /n /.wh.below', '.wh.below'],
  ['mkdir /.wh.below', '.wh.below'],
  ['ln -s below /.wh.below', '.wh.below'],
  ['mkfifo /.wh.below', '.wh.below'],
  [': > /d/.wh..wh..opq', 'd/.wh..wh..opq'],
  ['touch /n; mv /n /d/.wh..wh..opq', 'd/.wh..wh..opq'],
  ['touch /n; mv /n /.wh..wh..opq', '.wh..wh..opq'],
];

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`a step's file with the name of a whiteout, ${kind} ids`, { skip: skippedWithoutFuse(kind) }, () => {
    for (const driver of ['native', 'fuse-overlayfs']) {
      it(`is refused by its name, and hides nothing: ${driver}`, async (t) => {
        const world = await projectWorld(t, kind);
        writeFileSync(`${world.env.XDG_CONFIG_HOME}/sandbox/config.toml`, `[storage]\ndriver = "${driver}"\n`);
        world.steps(BELOW);
        const [digest] = await world.digests();
        for (const [script, unsafePath] of ATTEMPTS) {
          world.steps(BELOW, step(script));
          const { status, stderr } = await world.build();
          assert.equal(status, 125, script);
          const refused = `sandbox: "${unsafePath}" cannot be in a layer: names that begin with .wh. mean something else in layers\n  hint: give it another name\n`;
          const isRefusedByDriver = driver === 'fuse-overlayfs' && stderr.includes('Invalid argument');
          assert.ok(isRefusedByDriver || stderr.includes(refused), `${script}: ${stderr}`);
        }
        // What the driver itself leaves is none of them, and nothing of the attempts is left.
        world.steps(BELOW, step('rm -r /d; mkdir /d; rm /below; touch /d/x; rm /d/x'));
        assert.equal((await world.digests())[0], digest);
        assert.equal(await world.shell('ls -A /d; ls /below 2>&1 || true'), 'ls: /below: No such file or directory');
        assert.deepEqual(leftovers(world), []);
      });
    }
  });
}
