import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { imageWorld, type World, withBusybox } from './support/world.ts';

async function names({ says }: World): Promise<string[]> {
  const listed = JSON.parse(await says(['image', 'ls', '--json'])) as Array<{ name: string }>;
  return listed.map(({ name }) => name).sort();
}

function stored({ env }: World): { blobs: number; layers: number } {
  const store = `${env.XDG_DATA_HOME}/sandbox`;
  const count = (path: string): number => (existsSync(path) ? readdirSync(path).length : 0);
  const keys = readdirSync(`${store}/layers`).filter((name) => !name.startsWith('.'));
  return {
    blobs: count(`${store}/images/blobs/sha256`),
    layers: keys.reduce((sum, key) => sum + count(`${store}/layers/${key}`), 0),
  };
}

test('ls lists images by name, newest first, for people and for programs', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { says, serve, registry } = world;
  assert.deepEqual(JSON.parse(await says(['image', 'ls', '--json'])), []);
  assert.equal(await says(['images']), 'REPOSITORY  TAG  IMAGE ID  CREATED  SIZE');
  const { manifest } = serve('library/tool:1', { Env: ['A=1'] });
  serve('app:2', { Env: ['A=2'] });
  const id = await says(['image', 'pull', '-q', 'tool:1']);
  const other = await says(['pull', '-q', `${registry.host}/app:2`]);
  const [head, first, second, ...more] = (await says(['images'])).split('\n');
  assert.match(head ?? '', /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  assert.match(first ?? '', new RegExp(`^${registry.host}/app +2 +${other.slice(0, 12)} +\\d+ days ago +\\d.* MB$`));
  assert.match(second ?? '', new RegExp(`^docker\\.io/library/tool +1 +${id.slice(0, 12)} `));
  assert.deepEqual(more, []);
  assert.equal(await says(['images', '-q', '--no-trunc']), `${other}\n${id}`);
  assert.match(await says(['image', 'ls', '--digests', 'tool']), new RegExp(`\n.* ${manifest.digest} `));
  assert.equal((await says(['image', 'ls', 'tool'])).split('\n').length, 2);
  assert.equal((await says(['image', 'ls', 'tool:9'])).split('\n').length, 1);
  const [entry] = JSON.parse(await says(['image', 'ls', '--json', 'tool:1'])) as [Record<string, unknown>];
  assert.deepEqual(Object.keys(entry), ['id', 'name', 'digest', 'platform', 'created', 'pulled', 'size', 'layers']);
  assert.deepEqual(
    [entry.id, entry.name, entry.digest, entry.layers],
    [id, 'docker.io/library/tool:1', manifest.digest, 1],
  );
});

test('tag gives a name more; rm takes names away, and with the last one the image', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { says, serve, sandbox } = world;
  serve('library/tool:latest', { Cmd: ['echo', 'tool'] });
  const id = await says(['pull', '-q', 'tool']);
  await says(['image', 'tag', 'tool', 'mine', 'localhost/team/x:1']);
  assert.deepEqual(await names(world), [
    'docker.io/library/mine:latest',
    'docker.io/library/tool:latest',
    'localhost/team/x:1',
  ]);
  assert.equal(await says(['run', '--pull=never', 'mine']), 'tool');
  assert.equal(
    await says(['image', 'rm', 'tool', 'localhost/team/x:1']),
    'Untagged: docker.io/library/tool:latest\nUntagged: localhost/team/x:1',
  );
  assert.deepEqual(await names(world), ['docker.io/library/mine:latest']);
  await says(['image', 'tag', id.slice(0, 8), 'again']);
  const several = await sandbox(['image', 'rm', id.slice(0, 8)]);
  assert.equal(several.status, 125);
  assert.match(several.stderr, /has several names/);
  assert.ok(stored(world).layers === 1);
  assert.match(await says(['rmi', '-f', id.slice(0, 8)]), /^(Untagged: .*\n){2}Deleted: sha256:[0-9a-f]{64}$/);
  assert.deepEqual(stored(world), { blobs: 0, layers: 0 });
  assert.match(
    (await sandbox(['image', 'rm', 'mine'])).stderr,
    /there is no image docker\.io\/library\/mine:latest here/,
  );
  assert.equal((await sandbox(['image', 'rm', '--force', 'mine'])).status, 0);
});

test('an image in use is not removed, unless that is forced; the sandbox goes on working', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { says, serve, sandbox } = world;
  serve('library/tool:latest');
  await says(['shell', 'tool', '--', 'true']);
  const { status, stderr } = await sandbox(['image', 'rm', 'tool']);
  assert.equal(status, 125);
  assert.match(stderr, /is in use by the sandbox tool\n {2}hint: remove it first: sandbox rm tool/);
  await says(['image', 'prune', '--all', '--force']);
  assert.deepEqual(await names(world), ['docker.io/library/tool:latest']);
  assert.match(await says(['image', 'rm', '--force', 'tool']), /^Untagged/);
  assert.deepEqual(await names(world), []);
  assert.equal(stored(world).layers, 1);
  assert.equal(await says(['shell', 'tool', '--', 'echo', 'works']), 'works');
  await says(['rm', 'tool']);
  await says(['gc']);
  assert.deepEqual(stored(world), { blobs: 0, layers: 0 });
});

test('prune removes what newer images replaced, and with --all what nothing uses', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { says, serve } = world;
  serve('library/tool:latest', { Env: ['V=1'] });
  const old = await says(['pull', '-q', 'tool']);
  serve('library/tool:latest', { Env: ['V=2'] });
  await says(['pull', '-q', 'tool']);
  assert.match(await says(['images', '--all']), new RegExp(`<none> +<none> +${old.slice(0, 12)}`));
  assert.doesNotMatch(await says(['images']), /none/);
  assert.match(await says(['image', 'prune']), /^Deleted: sha256:/);
  assert.doesNotMatch(await says(['images', '--all']), /none/);
  assert.deepEqual(await names(world), ['docker.io/library/tool:latest']);
  await says(['image', 'prune', '--all']);
  assert.deepEqual(await names(world), []);
});

test('prune asks on a terminal', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { user, cwd, env, says, serve } = world;
  serve('library/tool:latest');
  await says(['pull', '-q', 'tool']);
  for (const [answer, left] of [
    ['n', 1],
    ['', 1],
    ['yes', 0],
  ] as const) {
    const terminal = await Terminal.open(t, user, [user.sandbox, 'image', 'prune', '--all'], { cwd, env });
    await terminal.see(/Remove all images that no sandbox was made from\? \[y\/N\] /);
    terminal.type(`${answer}\n`);
    assert.equal(await terminal.end(), 0);
    assert.equal((await names(world)).length, left, answer);
  }
});

test('inspect and history tell what the image says about itself', withBusybox, async (t) => {
  const world = await imageWorld(t);
  const { says, serve, sandbox } = world;
  const config = {
    Entrypoint: ['/entry'],
    Cmd: ['serve'],
    Env: ['A=1'],
    User: 'app',
    WorkingDir: '/srv',
    StopSignal: 'SIGINT',
    Labels: { a: 'b' },
    Volumes: { '/data': {} },
    ExposedPorts: { '80/tcp': {} },
  };
  const made = serve('library/tool:latest', config);
  const id = await says(['pull', '-q', 'tool']);
  await says(['shell', '--name', 'box', 'tool', '--entrypoint=', '--', 'true']);
  const [image, again, ...more] = JSON.parse(await says(['image', 'inspect', 'tool', id.slice(0, 6)])) as Array<
    Record<string, unknown>
  >;
  assert.deepEqual(more, []);
  assert.deepEqual(again, image);
  assert(image !== undefined);
  assert.deepEqual(image.config, {
    entrypoint: ['/entry'],
    cmd: ['serve'],
    env: ['A=1'],
    workingDir: '/srv',
    user: 'app',
    stopSignal: 'SIGINT',
    volumes: ['/data'],
    exposedPorts: ['80/tcp'],
    labels: { a: 'b' },
  });
  assert.deepEqual(
    [image.id, image.digest, image.names, image.sandboxes],
    [id, made.manifest.digest, ['docker.io/library/tool:latest'], ['box']],
  );
  const steps = JSON.parse(await says(['image', 'history', '--json', 'tool'])) as unknown[];
  const [layer] = made.layers;
  assert.deepEqual(steps, [
    { created: '2024-01-01T00:00:00Z', createdBy: 'layer 0', comment: '', size: layer?.size, layer: layer?.digest },
  ]);
  assert.match(
    await says(['image', 'history', 'tool']),
    /^CREATED +CREATED BY +SIZE +COMMENT\n\d+ days ago +layer 0 +/,
  );
  const missing = await sandbox(['image', 'inspect', 'tolo']);
  assert.match(missing.stderr, /there is no image docker\.io\/library\/tolo:latest here\n/);
  assert.equal(missing.status, 125);
});

test('names of images are what a shell completes with', withBusybox, async (t) => {
  const { says, serve, registry } = await imageWorld(t);
  serve('library/tool:latest');
  serve('app:1');
  await says(['pull', '-q', 'tool', `${registry.host}/app:1`]);
  await says(['shell', '--name', 'box', 'tool', '--', 'true']);
  assert.deepEqual(
    (await says(['__names', 'host', 'images', 'sandboxes'])).split('\n').sort(),
    [`${registry.host}/app:1`, 'box', 'host', 'tool'].sort(),
  );
});
