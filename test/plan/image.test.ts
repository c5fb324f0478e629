import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeSpec } from '../../src/plan/describe-spec.ts';
import { planSandbox } from '../../src/plan/plan.ts';
import { all, directoryInput, hostInput, imageInput, only } from './inputs.ts';

const LAYERS = ['c', 'b', 'a'].map((name) => `/store/layers/ids-1/${name}/tree`);
const FUSE = { kind: 'fuse-overlayfs', program: '/usr/bin/fuse-overlayfs' } as const;
const COPY = { kind: 'copy', helper: ['/usr/bin/sandbox', '__copy'] } as const;

describe('an image', () => {
  test('is an overlay over its layers, uppermost first, with the permissions of the uppermost one', () => {
    const plan = planSandbox({ ...imageInput(), rootMode: 0o1777 });
    const { layers } = only(plan, 'mountRootOverlay');
    assert.deepEqual(layers, { lower: LAYERS, upper: { directory: 'upper', work: 'work' }, volatile: true });
    const { directories } = only(plan, 'makeSandboxDirectories');
    assert.deepEqual(
      directories.find(({ path }) => path === 'upper'),
      { path: 'upper', mode: 0o1777 },
    );
  });

  test('without any layer is an empty directory', () => {
    const input = imageInput();
    assert.equal(input.root.kind, 'image');
    const plan = planSandbox({ ...input, root: { ...input.root, layers: [] } });
    assert.deepEqual(only(plan, 'mountRootOverlay').layers.lower, ['empty']);
    assert.ok(only(plan, 'makeSandboxDirectories').directories.some(({ path }) => path === 'empty'));
  });

  test('is treated as a directory is but for the layers', () => {
    const without = (input: ReturnType<typeof imageInput>): string[] =>
      planSandbox(input)
        .map(({ op }) => op)
        .filter((op) => op !== 'mountRootOverlay');
    assert.deepEqual(without(imageInput()), without(directoryInput()));
  });

  test('is written down with its name and its layers, to be opened again with them', () => {
    const stored: unknown = JSON.parse(describeSpec(imageInput()));
    assert.deepEqual(Reflect.get(stored as object, 'rootfs'), {
      kind: 'image',
      name: 'docker.io/library/debian:bookworm',
      manifest: `sha256:${'0'.repeat(64)}`,
      layers: LAYERS,
    });
  });

  test('its StopSignal is what the command gets in place of SIGTERM', () => {
    assert.deepEqual(only(planSandbox(imageInput({ spec: { stopSignal: 3 } })), 'startCommand'), {
      op: 'startCommand',
      stopSignal: 3,
    });
    assert.deepEqual(only(planSandbox(imageInput()), 'startCommand'), { op: 'startCommand' });
  });
});

describe('the storage driver', () => {
  test('fuse-overlayfs serves the root file system and a workspace that is copied on write', () => {
    const workspace = { kind: 'cow', path: '/home/ann/project' } as const;
    const plan = planSandbox(imageInput({ driver: FUSE, spec: { workspace } }));
    assert.equal(only(plan, 'mountRootFuseOverlay').program, FUSE.program);
    assert.deepEqual(only(plan, 'mountRootFuseOverlay').layers.lower, LAYERS);
    assert.deepEqual(
      [only(plan, 'fuseOverlay').target, only(plan, 'fuseOverlay').layers.lower],
      [workspace.path, [workspace.path]],
    );
    assert.deepEqual(all(plan, 'overlay'), []);
  });

  test('copy copies first, then mounts the copy', () => {
    const workspace = { kind: 'cow', path: '/home/ann/project' } as const;
    const plan = planSandbox(imageInput({ driver: COPY, spec: { workspace } }));
    const [root, project] = all(plan, 'copyLayers');
    assert.deepEqual(root, { op: 'copyLayers', helper: COPY.helper, lower: LAYERS, directory: 'copy', sync: false });
    assert.deepEqual(only(plan, 'mountRootDirectory').source, 'copy');
    assert.deepEqual(project?.lower, [workspace.path]);
    const bind = all(plan, 'bind').find(({ source }) => source === project?.directory);
    assert.equal(bind?.target, workspace.path);
    assert.notEqual(project?.directory, 'copy');
  });

  test('copy is on the disk before a sandbox that is kept starts', () => {
    const plan = planSandbox(imageInput({ driver: COPY, spec: { lifetime: { kind: 'named', name: 'dev' } } }));
    assert.ok(all(plan, 'copyLayers').every(({ sync }) => sync));
  });

  test('is written down: changes only make sense to the one that made them', () => {
    for (const driver of [COPY, FUSE] as const)
      assert.equal(Reflect.get(JSON.parse(describeSpec(imageInput({ driver }))), 'storageDriver'), driver.kind);
    assert.equal(Reflect.get(JSON.parse(describeSpec(hostInput())), 'storageDriver'), 'native');
  });
});
