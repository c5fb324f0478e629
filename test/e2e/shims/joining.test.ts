/** Shims of a project on an image while its services run. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { type Result, runAs } from '../../support/user.ts';
import { type ProjectWorld, projectWorld, step } from '../build/world.ts';
import { withBusybox } from '../images/support/world.ts';

const SERVICE = '[service.db]\nrun = "echo mark > /tmp/mark; echo is up; exec sleep 1000"\nready = { log = "is up" }\n';

interface Joined extends ProjectWorld {
  /** Writes sandbox.toml: the image, these lines, and a service. */
  readonly toml: (lines: string) => void;
  readonly shim: (script: string) => Promise<Result>;
}

async function joined(t: TestContext): Promise<Joined> {
  let down = async (): Promise<unknown> => undefined;
  t.after(async () => await down());
  const world = await projectWorld(t);
  down = async () => await world.sandbox(['down']);
  const { cwd, env, user } = world;
  return {
    ...world,
    toml: (lines) => world.write('sandbox.toml', `image = "${world.registry.host}/box:1"\n${lines}\n${SERVICE}`),
    shim: async (script) => await runAs(user, [`${cwd}/.sandbox/bin/sh`, '-c', script], { cwd, env }),
  };
}

const MARK = 'cat /tmp/mark 2>/dev/null || echo no mark';

describe('a shim, while the services of its environment run', withBusybox, () => {
  test('joins their sandbox, and its layers stay through all that garbage collection does', async (t) => {
    const world = await joined(t);
    world.toml(`[[steps]]\n${step('echo 1 > /v')}`);
    await world.says(['shim', '-q', 'sh']);
    assert.equal((await world.shim(MARK)).stdout, 'no mark\n');
    await world.says(['up', '--detach']);
    const look = `${MARK}; cat /v`;
    assert.equal((await world.shim(look)).stdout, 'mark\n1\n');
    // Another result of the step is what the project is built with last.
    world.toml(`[[steps]]\n${step('echo 2 > /v')}`);
    await world.says(['build']);
    assert.equal((await world.shim(look)).status, 125);
    await world.says(['shim', '-q', 'sh']);
    await world.says(['gc', '--all', '--unused', '--older-than', '0s']);
    const still = await world.shim(`${look}; ls /bin/busybox`);
    assert.equal(still.stdout, 'mark\n1\n/bin/busybox\n', still.stderr);
    await world.says(['down']);
    assert.equal((await world.shim(look)).stdout, 'no mark\n2\n');
    // Now nothing stands on the first result any more.
    await world.says(['gc', '--all', '--unused', '--older-than', '0s']);
    assert.equal((await world.shim(look)).stdout, 'no mark\n2\n');
  });

  test('joins by itself, without sandbox, from the second call on', async (t) => {
    const world = await joined(t);
    world.toml('');
    await world.says(['shim', '-q', 'sh']);
    await world.says(['up', '--detach']);
    assert.deepEqual(await world.shim('cat /tmp/mark'), { status: 0, signal: null, stdout: 'mark\n', stderr: '' });
    const made = statSync(`${world.cwd}/.sandbox/bin/sh`).ino;
    assert.equal((await world.shim('cat /tmp/mark')).stdout, 'mark\n');
    assert.equal(statSync(`${world.cwd}/.sandbox/bin/sh`).ino, made, 'it was not made anew');
    await world.says(['down']);
    assert.equal((await world.shim(MARK)).stdout, 'no mark\n');
  });

  for (const { opened, now, same } of [
    { opened: 'network = "none"', now: 'network = "host"', same: 'ns/net' },
    { opened: 'network = "host"', now: 'network = "none"', same: 'ns/net' },
    { opened: 'profile = "strict"', now: 'profile = "dev"', same: 'status' },
    { opened: 'profile = "dev"\nnetwork = "none"', now: 'profile = "strict"', same: 'status' },
  ]) {
    test(`has what they were started with: ${opened}, though it is ${now} by now`, async (t) => {
      const world = await joined(t);
      const look =
        same === 'status'
          ? `${MARK}; grep -E "Seccomp_filters|CapBnd" /proc/self/status; unshare -U true 2>/dev/null && echo more`
          : `${MARK}; readlink /proc/self/ns/net`;
      const seen = async (): Promise<string> => {
        const { stdout, stderr } = await world.shim(look);
        assert.match(stdout, /^mark\n.+\n/, stderr);
        return stdout;
      };
      world.toml(opened);
      await world.says(['shim', '-q', 'sh']);
      await world.says(['up', '--detach']);
      const first = await seen();
      world.toml(now);
      await world.says(['shim', '-q', 'sh']);
      assert.equal(await seen(), first);
      assert.equal(await seen(), first, 'and again');
      await world.says(['down']);
      await world.says(['up', '--detach']);
      const anew = await seen();
      assert.notEqual(anew, first, 'the control: what is started now is held differently');
      // Back to the file of before, which the shims of before were made of: the sandbox is that of now.
      world.toml(opened);
      await world.says(['shim', '-q', 'sh']);
      assert.equal((await world.shim(`${MARK}`)).stdout, 'mark\n');
      if (same === 'status') assert.equal(await seen(), anew);
    });
  }
});
