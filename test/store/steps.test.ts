import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { collect } from '../../src/store/collect.ts';
import { type Digest, digestOf } from '../../src/store/digest.ts';
import { bootId } from '../../src/store/layers.ts';
import { findStep, recordStep, type StepRecord } from '../../src/store/steps.ts';
import { emptyStore } from './directory.ts';

const KEY = 'ids-today';
const DAY = 24 * 3600_000;

function digest(text: string): Digest {
  return digestOf(Buffer.from(text));
}

function layerOf(store: string, diffId: Digest): string {
  return `${store}/layers/${KEY}/${diffId.slice(7)}`;
}

/** A step that was built, with its layer. */
function built(store: string, name: string): { readonly key: Digest; readonly record: StepRecord } {
  const key = digest(`key of ${name}`);
  const record = { diffId: digest(name), bytes: 7, recipe: digest('recipe'), created: '2026-01-01T00:00:00Z' };
  mkdirSync(`${layerOf(store, record.diffId)}/tree`, { recursive: true });
  recordStep(store, KEY, key, record);
  return { key, record };
}

function recordFile(store: string, key: Digest): string {
  return `${store}/steps/${KEY}/${key.slice(7)}.json`;
}

describe('a result of a step', () => {
  it('is found by its key, under the id mapping that it was built with', (t) => {
    const store = emptyStore(t);
    const { key, record } = built(store, 'one');
    assert.deepEqual(findStep(store, KEY, key), { ...record, tree: `${layerOf(store, record.diffId)}/tree` });
    assert.equal(findStep(store, 'ids-yesterday', key), undefined);
    assert.equal(findStep(store, KEY, digest('another')), undefined);
  });

  it('is none without its layer, or with one that a power cut may have damaged', (t) => {
    const store = emptyStore(t);
    const { key, record } = built(store, 'one');
    writeFileSync(`${layerOf(store, record.diffId)}/unsynced`, `${bootId()}\n`);
    assert.ok(findStep(store, KEY, key));
    writeFileSync(`${layerOf(store, record.diffId)}/unsynced`, 'another boot\n');
    assert.equal(findStep(store, KEY, key), undefined);
    rmSync(layerOf(store, record.diffId), { recursive: true });
    assert.equal(findStep(store, KEY, key), undefined);
  });

  it('is none where the record is damaged, or of a later version', (t) => {
    const store = emptyStore(t);
    const { key, record } = built(store, 'one');
    for (const text of [
      '',
      '{',
      'null',
      '{}',
      JSON.stringify({ version: 2, ...record }),
      JSON.stringify({ version: 1, ...record, diffId: '../x' }),
    ]) {
      writeFileSync(recordFile(store, key), text);
      assert.equal(findStep(store, KEY, key), undefined, text);
    }
  });

  it('remembers when it was used, to the day', (t) => {
    const store = emptyStore(t);
    const { key } = built(store, 'one');
    const used = (): number => statSync(recordFile(store, key)).mtimeMs;
    const first = used();
    findStep(store, KEY, key, first + DAY / 2);
    assert.equal(used(), first);
    findStep(store, KEY, key, first + 2 * DAY);
    assert.ok(Math.abs(used() - (first + 2 * DAY)) < 10);
  });
});

describe('collecting garbage', () => {
  const old = (store: string, key: Digest, days: number): void => {
    const seconds = (Date.now() - days * DAY) / 1000;
    utimesSync(recordFile(store, key), seconds, seconds);
  };

  it('keeps the layers of results, drops those that were not used for long, but not those of projects', async (t) => {
    const store = emptyStore(t);
    const [young, unused, ofProject] = ['young', 'unused', 'of a project'].map((name) => built(store, name));
    assert.ok(young && unused && ofProject);
    for (const { key } of [unused, ofProject]) old(store, key, 11);
    mkdirSync(`${store}/projects/there`, { recursive: true });
    writeFileSync(`${store}/projects/there/path`, store);
    const layers = [`${layerOf(store, ofProject.record.diffId)}/tree`];
    writeFileSync(`${store}/projects/there/default.json`, JSON.stringify({ version: 1, ready: { root: { layers } } }));
    assert.deepEqual((await collect(store, { all: false, key: KEY })).layers, []);
    const { steps, layers: moved } = await collect(store, { all: false, key: KEY, unusedFor: 10 * DAY });
    assert.deepEqual([steps, moved.length], [1, 1]);
    assert.ok(findStep(store, KEY, young.key));
    assert.ok(findStep(store, KEY, ofProject.key));
    assert.equal(findStep(store, KEY, unused.key), undefined);
    writeFileSync(`${store}/projects/there/path`, `${store}/gone`);
    old(store, ofProject.key, 11);
    const after = await collect(store, { all: false, key: KEY, unusedFor: 10 * DAY });
    assert.deepEqual([after.steps, after.projects, after.layers.length], [1, 1, 1]);
    assert.deepEqual(readdirSync(`${store}/projects`), []);
  });

  it('keeps the layers of shims, also where the environment was built again since', async (t) => {
    const store = emptyStore(t);
    const [ofShim, replaced, ofService] = ['of a shim', 'replaced', 'of a service'].map((name) => built(store, name));
    assert.ok(ofShim && replaced && ofService);
    const another = { ...replaced.record, diffId: digest('another result') };
    mkdirSync(`${layerOf(store, another.diffId)}/tree`, { recursive: true });
    recordStep(store, KEY, replaced.key, another);
    mkdirSync(`${store}/projects/there/shims`, { recursive: true });
    writeFileSync(`${store}/projects/there/path`, store);
    const ready = (...records: readonly StepRecord[]): string =>
      JSON.stringify({
        version: 1,
        ready: { root: { layers: records.map(({ diffId }) => `${layerOf(store, diffId)}/tree`) } },
      });
    writeFileSync(`${store}/projects/there/default.json`, ready(another));
    writeFileSync(`${store}/projects/there/shims/default.json`, ready(ofShim.record, replaced.record));
    // Of the program, not of an environment.
    writeFileSync(`${store}/projects/there/.services.json`, ready(ofService.record));
    for (const { key } of [ofShim, replaced, ofService]) old(store, key, 11);
    const { steps, layers } = await collect(store, { all: false, key: KEY, unusedFor: 10 * DAY });
    assert.deepEqual([steps, layers.length], [1, 1]);
    const left = [ofShim.record, replaced.record, another].map(({ diffId }) => diffId.slice(7));
    assert.deepEqual(readdirSync(`${store}/layers/${KEY}`).sort(), left.sort());
  });

  it('drops records of an id mapping that is not in use any more', async (t) => {
    const store = emptyStore(t);
    const { key } = built(store, 'one');
    const { steps, layers } = await collect(store, { all: false, key: 'ids-tomorrow' });
    assert.deepEqual([steps, layers.length], [1, 1]);
    assert.equal(findStep(store, KEY, key), undefined);
  });

  it('leaves caches of projects that are there, and all of them goes when that is asked for', async (t) => {
    const store = emptyStore(t);
    for (const name of ['shared/npm', 'there/apt', 'gone/pip'])
      mkdirSync(`${store}/caches/${name}`, { recursive: true });
    mkdirSync(`${store}/projects/there`, { recursive: true });
    writeFileSync(`${store}/projects/there/path`, store);
    assert.equal((await collect(store, { all: false, key: KEY })).caches.length, 1);
    assert.deepEqual(readdirSync(`${store}/caches`).sort(), ['shared', 'there']);
    assert.equal((await collect(store, { all: false, key: KEY, caches: true })).caches.length, 2);
    assert.deepEqual(readdirSync(`${store}/caches`), []);
  });
});
