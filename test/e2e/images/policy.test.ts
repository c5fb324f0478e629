import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAs } from '../../support/user.ts';
import { busyboxTar, imageWorld, type World, withBusybox } from './support/world.ts';

/** What a registry was asked for, one word a request. */
function asked({ registry }: World): string[] {
  return registry.requests
    .filter(({ path }) => /\/(manifests|blobs)\//.test(path))
    .map(
      ({ method, path }) => `${method} ${path.includes('/blobs/') ? 'blob' : path.split('/').at(-1)?.split(':')[0]}`,
    );
}

test('an image is pulled when it is missing, and from then on nobody is asked', withBusybox, async (t) => {
  const world = await imageWorld(t);
  world.serve('library/tool:latest', { Cmd: ['echo', 'tool'] });
  assert.equal(await world.says(['run', 'tool']), 'tool');
  assert.ok(asked(world).includes('GET latest'));
  await world.registry.close();
  for (const name of ['tool', 'tool:latest', 'library/tool', 'docker.io/tool', 'docker.io/library/tool:latest']) {
    assert.equal(await world.says(['run', name]), 'tool', name);
    assert.equal(await world.says(['run', '--pull', 'never', name]), 'tool', name);
  }
});

test('--pull never asks nobody, and says how to get the image', withBusybox, async (t) => {
  const world = await imageWorld(t);
  world.serve('library/tool:latest');
  const { status, stderr } = await world.sandbox(['run', '--pull=never', 'tool', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /there is no image docker\.io\/library\/tool:latest here/);
  assert.match(stderr, /hint: get it with: sandbox image pull docker\.io\/library\/tool:latest/);
  assert.deepEqual(asked(world), []);
});

test('--pull always takes what the name stands for now, and fails where nobody answers', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const image = `${world.registry.host}/app:1`;
  const run = ['run', '--pull', 'always', image];
  world.serve('app:1', { Cmd: ['echo', 'first'] });
  assert.equal(await world.says(run), 'first');
  world.serve('app:1', { Cmd: ['echo', 'second'] });
  assert.equal(await world.says(['run', image]), 'first');
  assert.equal(await world.says(run), 'second');
  assert.equal(await world.says(['run', image]), 'second');
  await world.registry.close();
  const { status, stdout } = await world.sandbox(run);
  assert.deepEqual([status, stdout], [125, '']);
  assert.equal(await world.says(['run', image]), 'second');
});

test('--pull newer takes what is new, and what is here where nobody answers', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const image = `${world.registry.host}/app:1`;
  const run = ['run', '--pull', 'newer', image];
  world.serve('app:1', { Cmd: ['echo', 'first'] });
  assert.equal(await world.says(run), 'first');
  world.serve('app:1', { Cmd: ['echo', 'second'] });
  assert.equal(await world.says(run), 'second');
  await world.registry.close();
  const { status, stdout, stderr } = await world.sandbox(run);
  assert.deepEqual([status, stdout], [0, 'second\n'], stderr);
  assert.match(stderr, /using the image that is here/);
});

test('an image is named by tag, by digest, and by the beginning of its id', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { manifest } = world.serve('team/app:1', { Cmd: ['echo', 'one'] });
  const repository = `${world.registry.host}/team/app`;
  const id = await world.says(['pull', '--quiet', `${repository}:1`]);
  assert.match(id, /^[0-9a-f]{64}$/);
  for (const name of [id, id.slice(0, 12), `sha256:${id}`, manifest.digest, `${repository}@${manifest.digest}`]) {
    assert.equal(await world.says(['run', '--pull=never', name]), 'one', name);
  }
  world.serve('team/app:1', { Cmd: ['echo', 'two'] });
  assert.equal(await world.says(['run', '--pull=always', `${repository}@${manifest.digest}`]), 'one');
});

test('a platform is chosen from an index, and its layers are never mistaken for another', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const parts = (word: string) => ({ layers: [busyboxTar()], config: { Cmd: ['echo', word] } });
  world.registry.serveIndex('multi:1', [
    { platform: 'linux/amd64', parts: { ...parts('intel'), platform: 'linux/amd64' } },
    { platform: 'linux/arm64', parts: { ...parts('arm'), platform: 'linux/arm64' } },
  ]);
  const image = `${world.registry.host}/multi:1`;
  // The busybox in it is this machine's, whatever the image says of itself.
  const [own, other] = process.arch === 'x64' ? ['intel', 'arm'] : ['arm', 'intel'];
  assert.equal(await world.says(['run', image]), own);
  const platform = `linux/${process.arch === 'x64' ? 'arm64' : 'amd64'}`;
  assert.equal(await world.says(['run', '--platform', platform, image]), other);
  assert.equal(await world.says(['run', image]), own);
  const none = await world.sandbox(['run', '--platform', 'linux/riscv64', image]);
  assert.equal(none.status, 125);
  assert.match(none.stderr, /not made for linux\/riscv64\n {2}hint: it is there for linux\/amd64, linux\/arm64/);
  assert.match((await world.sandbox(['run', '--platform', 'windows/amd64', image])).stderr, /only images for linux/);
});

test('plan shows what a run of an image would do, and writes it to a file that does it', withBusybox, async (t) => {
  const world = await imageWorld(t);
  world.serve('library/tool:latest', { Entrypoint: ['echo'], Cmd: ['from the image'], Env: ['A=b'] });
  const planned = await world.says(['plan', '--quiet', 'tool']);
  assert.match(planned, /mountRootOverlay layers=\{"lower":\["[^"]*\/layers\//);
  assert.match(planned, /execute command=\["echo","from the image"\]/);
  await world.says(['plan', '--output', './tool', 'tool', 'given']);
  const { stdout, stderr } = await runAs(world.user, ['./tool'], { cwd: world.cwd });
  assert.deepEqual([stdout, stderr], ['given\n', '']);
});

test('what is no image is told with what was perhaps meant', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const cases: ReadonlyArray<readonly [words: readonly string[], hint: RegExp]> = [
    [['run', 'ls'], /hint: if "ls" is the command, put -- before it/],
    [
      ['shell', 'website', '--', 'true'],
      /hint: for a sandbox of this machine's own system: sandbox shell --name website/,
    ],
    [
      ['shell', 'Website', '--', 'true'],
      /hint: for a sandbox of this machine's own system: sandbox shell --name Website/,
    ],
    [['run', `${world.registry.host}/app:2`, 'true'], /app:2/],
    [['shell', `${world.registry.host}/app:2`, '--', 'true'], /app:2/],
  ];
  for (const [words, hint] of cases) {
    const { status, stdout, stderr } = await world.sandbox(words);
    assert.deepEqual([status, stdout], [125, ''], words.join(' '));
    assert.match(stderr, hint);
    assert.doesNotMatch(stderr, /--name 127/);
    assert.doesNotMatch(stderr, /bug/);
  }
});
