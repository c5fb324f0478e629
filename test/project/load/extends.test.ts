import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, load } from './support.ts';

const MAIN = `description = "Default"
image = "debian"
packages = ["a"]
user = "1000"
network = "none"
ports = [1]
volumes = ["./a:/data", "./b:/b"]
tmpfs = ["/t:size=1m"]
secrets = ["S=./one"]
limits = { memory = "1g", cpus = 1 }
cache = ["npm"]
[[steps]]
name = "one"
run = "1"
[env]
A = "1"
B = "1"
[env.test]
extends = "default"
network = "host"
packages = ["b"]
ports = [1, 2]
volumes = ["./c:/data"]
tmpfs = ["/t/:size=2m"]
secrets = ["S=./two"]
limits = { memory = "2g", ulimit = ["core=0"] }
env = { B = "2", C = "2" }
[[env.test.steps]]
run = "2"
[env.more]
extends = "test"
description = "More"
packages = ["c"]
image = "alpine"
[env.alone]
image = "busybox"
`;

describe('extends', () => {
  it('adds lists up, merges tables, replaces anything else, and inherits no description', async (t) => {
    const test = (await load(t, MAIN)).environments.get('test');
    const { steps, ...rest } = test ?? assert.fail();
    assert.deepEqual(rest, {
      name: 'test',
      image: 'debian',
      variables: [
        ['A', '1'],
        ['B', '2'],
        ['C', '2'],
      ],
      passEnv: [],
      user: '1000',
      network: 'host',
      volumes: [
        { unsafeSource: './b', destination: '/b', access: 'rw' },
        { unsafeSource: './c', destination: '/data', access: 'rw' },
      ],
      tmpfs: ['/t/:size=2m'],
      ports: [1, 2],
      secrets: ['S=./two'],
      caches: [{ kind: 'known', name: 'npm' }],
      limits: [
        ['cpus', '1'],
        ['memory', '2g'],
        ['ulimit', 'core=0'],
      ],
      session: [],
      devices: [],
      shims: [],
    });
    assert.deepEqual(
      steps.map(({ number, name }) => [number, name]),
      [
        [1, 'packages'],
        [2, 'one'],
        [3, 'packages-test'],
        [4, 'step 4'],
      ],
    );
  });

  it("begins with the parent's very steps, so that their layers are shared", async (t) => {
    const { environments } = await load(t, MAIN);
    const steps = (name: string) => environments.get(name)?.steps ?? [];
    assert.deepEqual(steps('test').slice(0, 2), steps('default'));
    assert.deepEqual(steps('more').slice(0, 4), steps('test'));
    assert.equal(steps('more')[4]?.name, 'packages-more');
    assert.equal(environments.get('more')?.image, 'alpine');
    assert.equal(environments.get('more')?.description, 'More');
  });

  it('inherits nothing where it is not said', async (t) => {
    const alone = (await load(t, MAIN)).environments.get('alone');
    assert.deepEqual([alone?.steps, alone?.variables, alone?.user, alone?.ports], [[], [], undefined, []]);
  });

  it('calls the first packages of an environment `packages`, whoever has them', async (t) => {
    const { environments } = await load(t, 'image = "a"\n[env.t]\nextends = "default"\npackages = ["x"]\n');
    assert.deepEqual(
      environments.get('t')?.steps.map(({ name }) => name),
      ['packages'],
    );
  });

  it('names the whole of a loop, once', async (t) => {
    const loop =
      'image = "a"\n[env.b]\nextends = "c"\n[env.c]\nextends = "d"\n[env.d]\nextends = "b"\n[env.e]\nextends = "c"\n';
    const found = await failure(t, loop);
    assert.equal(found?.code, 'CYCLE');
    assert.equal(found?.message, 'sandbox.toml:3:1: env.b.extends: extends goes round in a circle: b > c > d > b');
    const own = await failure(t, 'image = "a"\n[env.b]\nextends = "b"\n');
    assert.equal(own?.message, 'sandbox.toml:3:1: env.b.extends: extends goes round in a circle: b > b');
  });

  it('refuses a host that inherits steps', async (t) => {
    const found = await failure(t, 'image = "a"\npackages = ["x"]\n[env.b]\nextends = "default"\nimage = "host"\n');
    assert.match(
      found?.message ?? '',
      /^sandbox\.toml:4:1: env\.b\.extends: an environment with image = "host" has no steps/,
    );
  });
});

describe('sandbox.local.toml', () => {
  it('lies over the other file: tables merge, anything else is replaced', async (t) => {
    const local = `ports = [7]
limits = { memory = "8g" }
[env]
B = "local"
[env.test]
shims = ["x"]
[env.mine]
extends = "test"
[command.new]
run = "echo"
`;
    const { environments, commands, files } = await load(t, MAIN, local);
    assert.equal(files.length, 2);
    const main = environments.get('default');
    assert.deepEqual(main?.ports, [7]);
    assert.deepEqual(main?.limits, [
      ['memory', '8g'],
      ['cpus', '1'],
    ]);
    assert.deepEqual(main?.variables, [
      ['A', '1'],
      ['B', 'local'],
    ]);
    assert.deepEqual(environments.get('test')?.shims, ['x']);
    assert.equal(environments.get('mine')?.steps.length, 4);
    assert.ok(commands.has('new'));
  });

  it('changes part of a command', async (t) => {
    const main = 'image = "a"\n[command.t]\nrun = "x"\nenv = { A = "1", B = "1" }\n';
    const { commands } = await load(t, main, '[command.t]\nenv = { B = "2" }\n');
    assert.deepEqual(commands.get('t')?.variables, [
      ['A', '1'],
      ['B', '2'],
    ]);
    const whole = await failure(t, main, '[command.u]\nenv = { B = "2" }\n');
    assert.equal(whole?.message, 'sandbox.local.toml:1:10: command.u.run: is missing');
  });

  for (const [local, place] of [
    ['packages = ["x"]', '1:1: packages'],
    ['[[steps]]\nrun = "x"', '1:3: steps'],
    ['[env.test]\npackages = ["x"]', '2:1: env.test.packages'],
    ['[[env.test.steps]]\nrun = "x"', '1:12: env.test.steps'],
  ] as const) {
    it(`may not change the layers: ${JSON.stringify(local)}`, async (t) => {
      const found = await failure(t, MAIN, local);
      assert.equal(found?.message, `sandbox.local.toml:${place}: may not stand in sandbox.local.toml`);
      assert.match(String(found?.hint), /sandbox.lock is everybody's/);
    });
  }

  it('has to be right for itself, as the other file has to be', async (t) => {
    assert.match((await failure(t, 'image = 3', 'image = "a"'))?.message ?? '', /^sandbox\.toml:1:1: image: expected/);
    assert.match((await failure(t, 'image = "a"', 'x = '))?.message ?? '', /^sandbox\.local\.toml:1:5: /);
  });
});
