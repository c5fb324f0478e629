import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { chainIds, type Digest, digestOf, digestParts } from '../../src/store/digest.ts';
import { commitLayer, newWork } from '../../src/store/layer-work.ts';
import { findLayer, layerKey, layerName, unsyncedMark } from '../../src/store/layers.ts';
import { emptyStore } from './directory.ts';

const DIFF: Digest = digestOf(Buffer.from('layer'));
const RECORD = { diffId: DIFF, chainId: DIFF, reliesOnLower: false, bytes: 3, entries: 1 };
const HEX = digestParts(DIFF).hex;

/** Makes a layer with one file, as unpacking it does. */
function unpack(store: string, content: string, name = HEX): string {
  const work = newWork(store);
  mkdirSync(`${work.path}/tree`);
  writeFileSync(`${work.path}/tree/file`, content);
  const tree = commitLayer(store, 'single', name, work.path, RECORD);
  work.release();
  return tree;
}

const find = (store: string, key = 'single') => findLayer(store, key, DIFF, () => DIFF);

describe('layers', () => {
  it('are found under the id mapping that they were unpacked with, and no other', (t) => {
    const store = emptyStore(t);
    assert.equal(find(store), undefined);
    const tree = unpack(store, 'one');
    assert.equal(find(store), tree);
    assert.equal(find(store, 'ids-0'), undefined);
    assert.deepEqual(readdirSync(`${tree}/..`).sort(), ['layer.json', 'tree', 'unsynced']);
    assert.equal(JSON.parse(readFileSync(`${tree}/../layer.json`, 'utf8')).bytes, 3);
    assert.deepEqual(readdirSync(`${store}/layers/.work`), []);
  });

  it('that rely on what lies below are found by the chain, and only there', (t) => {
    const store = emptyStore(t);
    const [, chain = DIFF] = chainIds([digestOf(Buffer.from('below')), DIFF]);
    const tree = unpack(store, 'upper', layerName({ chainId: chain }));
    assert.equal(
      findLayer(store, 'single', DIFF, () => chain),
      tree,
    );
    assert.equal(find(store), undefined);
  });

  it('that another process unpacked meanwhile are taken as they are', (t) => {
    const store = emptyStore(t);
    const tree = unpack(store, 'first');
    assert.equal(unpack(store, 'second'), tree);
    assert.equal(readFileSync(`${tree}/file`, 'utf8'), 'first');
    assert.equal(readdirSync(`${store}/trash`).length, 1);
  });

  for (const [what, mark] of [
    ['of another boot', '00000000-0000-0000-0000-000000000000\n'],
    ['whose mark did not reach the disk', ''],
  ] as const) {
    it(`that a power cut may have damaged, ${what}, are not found, and replaced`, (t) => {
      const store = emptyStore(t);
      const tree = unpack(store, 'lost');
      writeFileSync(unsyncedMark(tree), mark);
      assert.equal(find(store), undefined);
      assert.equal(unpack(store, 'again'), tree);
      assert.equal(readFileSync(`${tree}/file`, 'utf8'), 'again');
      assert.equal(find(store), tree);
    });
  }

  it('are as good without the mark', (t) => {
    const store = emptyStore(t);
    const tree = unpack(store, 'one');
    rmSync(unsyncedMark(tree));
    assert.equal(find(store), tree);
  });

  it('in work are locked as long as somebody unpacks', (t) => {
    const store = emptyStore(t);
    const work = newWork(store);
    assert(statSync(`${work.path}/lock`).isFile());
    work.release();
  });

  it('have a key for each mapping', () => {
    const ids = (start: number) => {
      const map = [
        { inside: 0, outside: 1000, count: 1 },
        { inside: 1, outside: start, count: 65536 },
      ];
      return { kind: 'helpers', uids: map, gids: map } as const;
    };
    assert.equal(layerKey({ kind: 'single' }), 'single');
    assert.match(layerKey(ids(100_000)), /^ids-[0-9a-f]{16}$/);
    assert.equal(layerKey(ids(100_000)), layerKey(ids(100_000)));
    assert.notEqual(layerKey(ids(100_000)), layerKey(ids(165_536)));
  });
});
