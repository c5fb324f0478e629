import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { withBusybox } from '../images/support/world.ts';
import { leftovers, type ProjectWorld, projectWorld, step } from './world.ts';

function layersOf({ store }: ProjectWorld): number {
  const keys = readdirSync(`${store}/layers`).filter((name) => name !== '.work');
  return keys.flatMap((key) => readdirSync(`${store}/layers/${key}`)).length;
}

interface Freed {
  readonly layers: number;
  readonly steps: number;
  readonly projects: number;
}

async function gc(world: ProjectWorld, ...words: string[]): Promise<Freed> {
  return JSON.parse(await world.says(['gc', '--json', ...words])) as Freed;
}

describe('results of steps', () => {
  it('stay, until they were not used for long and no project was built with them last', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('echo 1 > /v'), step('echo one > /one'));
    await world.origins();
    world.steps(step('echo 2 > /v'), step('echo two > /two'));
    await world.origins();
    assert.equal(layersOf(world), 5);
    assert.deepEqual(await gc(world).then(({ layers, steps }) => [layers, steps]), [0, 0]);
    assert.deepEqual(await gc(world, '--unused').then(({ layers, steps }) => [layers, steps]), [0, 0]);
    // As if eleven days had gone by.
    const [key = ''] = readdirSync(`${world.store}/steps`);
    const old = Date.now() / 1000 - 11 * 24 * 3600;
    for (const name of readdirSync(`${world.store}/steps/${key}`))
      utimesSync(`${world.store}/steps/${key}/${name}`, old, old);
    assert.deepEqual(await gc(world, '--unused', '--older-than', '12d').then(({ steps }) => steps), 0);
    assert.deepEqual(await gc(world, '--unused').then(({ layers, steps }) => [layers, steps]), [2, 2]);
    assert.equal((await world.build()).stdout, 'default: nothing has changed\n');
    assert.equal(await world.shell('cat /v /two'), '2\ntwo');
    world.steps(step('echo 1 > /v'));
    assert.deepEqual(await world.origins(), ['1 built']);
  });

  it('go with their project, when its directory is gone', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('echo 1 > /v', 'cache = ["npm"]'));
    await world.origins();
    renameSync(world.cwd, `${world.cwd}-elsewhere`);
    const options = { cwd: world.user.home };
    const { stdout } = await world.sandbox(['gc', '--json', '--unused', '--older-than', '0s'], options);
    renameSync(`${world.cwd}-elsewhere`, world.cwd);
    const { layers, steps, projects, caches } = JSON.parse(stdout);
    assert.deepEqual({ layers, steps, projects, caches }, { layers: 1, steps: 1, projects: 1, caches: 1 });
    assert.deepEqual(readdirSync(`${world.store}/projects`), []);
  });

  it('are shown by df, and what a killed build left is collected', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('echo 1 > /v', 'cache = ["npm"]'));
    await world.origins();
    const rows: ReadonlyArray<{ type: string; total: number; bytes: number }> = JSON.parse(
      await world.says(['df', '--json']),
    );
    const steps = rows.find(({ type }) => type === 'steps');
    assert.equal(steps?.total, 1);
    assert.ok((steps?.bytes ?? 0) > 0);
    assert.equal(rows.find(({ type }) => type === 'package caches')?.total, 1);
    const dead = `${world.store}/builds/dead`;
    mkdirSync(`${dead}/upper`, { recursive: true });
    writeFileSync(`${dead}/builder`, '');
    for (const path of [dead, `${dead}/upper`, `${dead}/builder`]) chownSync(path, world.user.uid, world.user.gid);
    await world.says(['gc']);
    assert.equal(existsSync(dead), false);
    assert.deepEqual(leftovers(world), []);
  });

  it('have an age that can be read', withBusybox, async (t) => {
    const world = await projectWorld(t);
    const { status, stderr } = await world.sandbox(['gc', '--unused', '--older-than', 'soon']);
    assert.equal(status, 125);
    assert.match(stderr, /an age such as 10d/);
    assert.match((await world.sandbox(['gc', '--older-than', '1d'])).stderr, /write --unused, too/);
  });
});
