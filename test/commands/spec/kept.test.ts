import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptChanges, keptRoot } from '../../../src/commands/spec/kept.ts';
import { withHint } from '../../../src/commands/spec/missing-image.ts';
import { ImageError } from '../../../src/image/error.ts';

function storeWith(t: TestContext, rootfs: unknown): string {
  const store = mkdtempSync(join(tmpdir(), 'sandbox-kept-'));
  t.after(() => rmSync(store, { recursive: true }));
  mkdirSync(join(store, 'sandboxes/box'), { recursive: true });
  const spec = { version: 1, lifetime: { kind: 'named', name: 'box' }, workspace: { kind: 'none' }, network: 'host' };
  writeFileSync(
    join(store, 'sandboxes/box/spec.json'),
    JSON.stringify({ ...spec, hostname: 'box', command: [], rootfs }),
  );
  return store;
}

test('a kept sandbox says what it stands on', (t) => {
  const image = { kind: 'image', name: 'docker.io/library/debian:latest', manifest: 'sha256:1', layers: ['/b', '/a'] };
  for (const rootfs of [{ kind: 'host' }, { kind: 'directory', path: '/srv' }, image]) {
    assert.deepEqual(keptRoot(storeWith(t, rootfs), 'box'), rootfs);
  }
  assert.equal(keptRoot(storeWith(t, image), 'other'), undefined);
});

test('what a later version wrote is not taken for something else', (t) => {
  const unknown = [
    { kind: 'disk', path: '/x' },
    { kind: 'directory' },
    { kind: 'image', name: 'n', manifest: 'm' },
    { kind: 'image', name: 'n', manifest: 'm', layers: [1] },
    {},
  ];
  for (const rootfs of unknown) assert.equal(keptRoot(storeWith(t, rootfs), 'box'), undefined);
});

test('its changes are in the upper layer, or all of it in a copy', (t) => {
  const store = storeWith(t, { kind: 'host' });
  assert.equal(keptChanges(store, 'box'), `${store}/sandboxes/box/upper`);
  mkdirSync(join(store, 'sandboxes/box/copy'));
  assert.equal(keptChanges(store, 'box'), `${store}/sandboxes/box/copy`);
});

test('a word that is no image gets a hint more, and nothing else does', () => {
  const missing = new ImageError('NO_IMAGE', 'no such image', { hint: 'look' });
  const hinted = withHint(missing, 'website', 'or a name?');
  assert(hinted instanceof ImageError);
  assert.deepEqual([hinted.code, hinted.message, hinted.hint], ['NO_IMAGE', 'no such image', 'look\nor a name?']);
  for (const name of ['a/b', 'debian:1', 'x@sha256:1', '']) assert.equal(withHint(missing, name, 'h'), missing);
  for (const other of [new ImageError('CORRUPT', 'c'), new TypeError('t'), 'text']) {
    assert.equal(withHint(other, 'website', 'h'), other);
  }
});
