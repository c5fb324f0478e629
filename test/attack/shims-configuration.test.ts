/** A project's shims, when its user has told config.toml to hold it more closely since they were made. */
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type ProjectWorld, projectWorld } from '../e2e/build/world.ts';
import { withBusybox } from '../e2e/images/support/world.ts';
import { type Result, runAs } from '../support/user.ts';

const LOOK = 'readlink /proc/self/ns/net; echo x > made 2>/dev/null && echo written; exit 0';
const HOST_NETWORK = readlinkSync('/proc/self/ns/net');

interface Here extends ProjectWorld {
  readonly shim: () => Promise<Result>;
  /** Adds lines to config.toml. */
  readonly configure: (lines: string) => void;
}

async function here(t: TestContext, toml: string): Promise<Here> {
  const world = await projectWorld(t);
  const { cwd, env, user } = world;
  world.write('sandbox.toml', `image = "${world.registry.host}/box:1"\n${toml}`);
  await world.says(['shim', '-q', 'sh']);
  const config = `${env.XDG_CONFIG_HOME}/sandbox/config.toml`;
  return {
    ...world,
    shim: async () => await runAs(user, [`${cwd}/.sandbox/bin/sh`, '-c', LOOK], { cwd, env }),
    configure: (lines) => writeFileSync(config, `${readFileSync(config, 'utf8')}\n${lines}\n`),
  };
}

test('a shim is held as closely as config.toml says by now', withBusybox, async (t) => {
  const { shim, configure, cwd } = await here(t, '');
  assert.equal((await shim()).stdout, `${HOST_NETWORK}\nwritten\n`, 'the control');
  configure(`[profiles.close]\nextends = "strict"\nworkspace = "ro"\n[projects."${cwd}"]\nprofile = "close"`);
  for (const attempt of ['the first time', 'made anew']) {
    const { status, stdout, stderr } = await shim();
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^net:\[\d+\]\n$/, attempt);
    assert.notEqual(stdout, `${HOST_NETWORK}\n`, attempt);
  }
});

test('what sandbox.toml asks for beyond that takes trust, though the shim was there before', withBusybox, async (t) => {
  const { shim, configure, cwd, says } = await here(t, 'network = "host"\n');
  assert.equal((await shim()).stdout, `${HOST_NETWORK}\nwritten\n`, 'the control');
  configure(`[projects."${cwd}"]\nprofile = "strict"`);
  for (const attempt of ['the first time', 'and later']) {
    const { status, stdout, stderr } = await shim();
    assert.deepEqual([status, stdout], [125, ''], attempt);
    assert.match(
      stderr,
      /is not trusted, and asks for\n {2}- the network of this machine in place of what your profile/,
    );
  }
  await says(['trust']);
  const { status, stdout, stderr } = await shim();
  assert.deepEqual([status, stdout], [0, `${HOST_NETWORK}\nwritten\n`], stderr);
});
