import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestInputs } from '../../src/project/build/input-content.ts';
import { findInputs } from '../../src/project/build/inputs.ts';
import { type ReadyEnvironment, readRecord, writeRecord } from '../../src/project/record.ts';
import { readState, writeState } from '../../src/project/service/state.ts';

const BUILD = 'build';

function ready(directory: string, environment: string): ReadyEnvironment {
  return {
    directory,
    project: 'shop',
    environment,
    root: { kind: 'host' },
    words: [],
    variables: [],
    volumes: [],
    sandbox: 'shop-1',
    shims: [],
    shimRefresh: 'ask',
    digest: environment,
  };
}

test('environments may be called as what else is remembered of a project', (t) => {
  const base = mkdtempSync(join(tmpdir(), 'record-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [store, directory] = [`${base}/store`, `${base}/shop`];
  mkdirSync(directory);
  writeFileSync(`${directory}/data`, 'content');
  // Older than what may change unseen.
  utimesSync(`${directory}/data`, 1_000_000, 1_000_000);
  const names = ['services', 'inputs', 'outline', 'lock', 'shims', 'path'];
  for (const name of names) {
    const record = { build: BUILD, taken: Date.now(), stamps: [], locked: true, trust: undefined };
    writeRecord(store, { ...record, ready: ready(directory, name) });
  }
  writeState(store, {
    version: 1,
    directory,
    pid: process.pid,
    startTime: '1',
    purpose: 'up',
    environments: [],
    services: [],
  });
  const inputs = findInputs(directory, ['data']).inputs;
  // Changes of a moment ago are not remembered.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120);
  const digest = digestInputs(store, directory, inputs);
  assert.equal(digestInputs(store, directory, inputs), digest);
  for (const environment of names) {
    const found = readRecord(store, { directory, environment, build: BUILD, frozen: true });
    assert.equal(found?.digest, environment);
  }
  assert.equal(readState(store, directory)?.purpose, 'up');
});

test('an environment whose cache was removed is looked at again', (t) => {
  const base = mkdtempSync(join(tmpdir(), 'record-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [store, directory] = [`${base}/store`, `${base}/shop`];
  const volumes = [
    { source: `${store}/caches/shared/npm/npm`, destination: '/var/cache/npm', access: 'rw' },
    { source: `${base}/data`, destination: '/data', access: 'rw' },
  ] as const;
  mkdirSync(volumes[0].source, { recursive: true });
  const record = { build: BUILD, taken: Date.now(), stamps: [], locked: true, trust: undefined };
  writeRecord(store, { ...record, ready: { ...ready(directory, 'default'), volumes } });
  const wanted = { directory, environment: 'default', build: BUILD, frozen: true };
  assert.equal(readRecord(store, wanted)?.digest, 'default');
  rmSync(`${store}/caches`, { recursive: true });
  assert.equal(readRecord(store, wanted), undefined);
});
