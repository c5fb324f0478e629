import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import type { Placed } from '../../src/plan/placed.ts';
import { ensurePlacedLayer, type PlacedLayer } from '../../src/sandbox/placed-layer.ts';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { emptyStore } from '../store/directory.ts';

const asRoot = { skip: process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}needs root to make it` };
const HOSTS = { path: '/etc/hosts', content: '127.0.0.1 localhost\n' };
const PROJECT = { path: '/home/ann/project', mode: 0o755 };

/** Layers, uppermost first, made of directories by mode. */
function layers(t: TestContext, ...trees: ReadonlyArray<Readonly<Record<string, number>>>) {
  const store = emptyStore(t);
  const below = trees.map((tree, index) => {
    const root = `${store}/layers/single/${index}/tree`;
    mkdirSync(root, { recursive: true });
    for (const [path, mode] of Object.entries(tree)) {
      mkdirSync(root + path, { recursive: true });
      execFileSync('chmod', [mode.toString(8), root + path]);
    }
    return root;
  });
  const ensure = async (placed: Partial<Placed>): Promise<PlacedLayer | undefined> =>
    await ensurePlacedLayer({ store, key: 'single', below, placed: { directories: [], files: [], ...placed } });
  return { store, below, ensure };
}

describe('a layer of what each start would make', () => {
  it('has the files and directories, and shows those of the image as the uppermost layer has them', async (t) => {
    const { below, ensure } = layers(t, { '/etc': 0o711 }, { '/etc': 0o700, '/home': 0o2775 });
    utimesSync(`${below[0]}/etc`, 86_400, 86_400);
    const layer = await ensure({ directories: [PROJECT], files: [HOSTS] });
    assert.ok(layer);
    assert.deepEqual(layer.files, ['/etc/hosts']);
    assert.equal(readFileSync(`${layer.tree}/etc/hosts`, 'utf8'), HOSTS.content);
    const { mode, mtimeMs } = statSync(`${layer.tree}/etc`);
    assert.deepEqual([(mode & 0o7777).toString(8), mtimeMs], ['711', 86_400_000]);
    assert.equal((statSync(`${layer.tree}/home`).mode & 0o7777).toString(8), '2775');
    assert.equal((statSync(`${layer.tree}/home/ann/project`).mode & 0o7777).toString(8), '755');
    assert.equal(existsSync(`${layer.tree}/../unsynced`), false, 'it is on the disk');
  });

  it('is made once, by how many at once, and another for another content', async (t) => {
    const { store, ensure } = layers(t, { '/etc': 0o755 });
    const both = await Promise.all([ensure({ files: [HOSTS] }), ensure({ files: [HOSTS] })]);
    assert.deepEqual(both[0], both[1]);
    assert.deepEqual(await ensure({ files: [HOSTS] }), both[0]);
    const other = await ensure({ files: [{ ...HOSTS, content: 'x' }] });
    assert.notEqual(other?.tree, both[0]?.tree);
    assert.equal(readdirSync(`${store}/layers/single`).filter((name) => name.startsWith('placed-')).length, 2);
    assert.deepEqual(readdirSync(`${store}/layers/.work`), []);
  });

  it('is not made where the image has it all', async (t) => {
    const { ensure } = layers(t, { '/home/ann/project': 0o755 });
    assert.equal(await ensure({ directories: [PROJECT] }), undefined);
  });

  it('has no file for a directory that is not there', async (t) => {
    const { ensure } = layers(t, { '/etc': 0o755 });
    const file = { path: '/etc/apt/apt.conf.d/99x', content: 'x' };
    const layer = await ensure({ files: [file, HOSTS] });
    assert.deepEqual(layer?.files, ['/etc/hosts']);
    assert.deepEqual(readdirSync(`${layer?.tree}/etc`), ['hosts']);
  });

  it('hides no symbolic link of the image, and writes through none', async (t) => {
    const { store, below, ensure } = layers(t, { '/real': 0o755, '/etc': 0o755 });
    mkdirSync(`${store}/outside`);
    symlinkSync('real', `${below[0]}/home`);
    symlinkSync(`${store}/outside/hosts`, `${below[0]}/etc/hosts`);
    symlinkSync(`${store}/outside`, `${below[0]}/opt`);
    const directories = [PROJECT, { path: '/opt/deep/er', mode: 0o755 }, { path: '/srv', mode: 0o755 }];
    const layer = await ensure({ directories, files: [HOSTS, { path: '/opt/file', content: 'x' }] });
    assert.deepEqual(layer?.files, []);
    assert.deepEqual(readdirSync(layer?.tree ?? ''), ['srv']);
    assert.deepEqual(readdirSync(`${store}/outside`), []);
  });

  it('hides no file that is where a directory is wanted', async (t) => {
    const { below, ensure } = layers(t, {}, { '/home': 0o755 });
    writeFileSync(`${below[0]}/home`, '');
    assert.equal(await ensure({ directories: [PROJECT] }), undefined);
  });

  it('has directories of its own where the image has a whiteout', asRoot, async (t) => {
    const { below, ensure } = layers(t, {}, { '/home/ann': 0o700 });
    execFileSync('mknod', [`${below[0]}/home`, 'c', '0', '0']);
    const layer = await ensure({ directories: [PROJECT] });
    assert.equal((lstatSync(`${layer?.tree}/home/ann`).mode & 0o777).toString(8), '755');
  });

  it('leaves alone what is in directories of other ids', asRoot, async (t) => {
    const { below, ensure } = layers(t, { '/etc': 0o755, '/home': 0o755 });
    chownSync(`${below[0]}/etc`, 100_000, 0);
    chownSync(`${below[0]}/home`, 0, 100_000);
    assert.equal(await ensure({ directories: [PROJECT], files: [HOSTS] }), undefined);
  });
});
