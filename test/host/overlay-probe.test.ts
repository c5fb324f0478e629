import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { OverlaySupport } from '../../src/host/facts.ts';
import { fileSystemOf, overlaySupport, readProbe, writeProbe } from '../../src/host/overlay-probe.ts';
import { ownDirectory } from './unprivileged.ts';

const MOUNTS = [
  { mountPoint: '/', fsType: 'ext4' },
  { mountPoint: '/home', fsType: 'xfs' },
  { mountPoint: '/home', fsType: 'btrfs' },
  { mountPoint: '/home/ann', fsType: 'nfs' },
];
const NATIVE: OverlaySupport = { kind: 'native' };
const REFUSED: OverlaySupport = { kind: 'copy', reason: 'mount: EPERM' };

test('the file system of a path is that of the deepest mount above it', () => {
  assert.equal(fileSystemOf('/usr/bin', MOUNTS), 'ext4');
  assert.equal(fileSystemOf('/home/bob', MOUNTS), 'btrfs');
  assert.equal(fileSystemOf('/home/ann', MOUNTS), 'nfs');
  assert.equal(fileSystemOf('/home/anna', MOUNTS), 'btrfs');
  assert.equal(fileSystemOf('/x', []), 'unknown');
});

test('a success is remembered for this kernel, user and kind of store', (context) => {
  const scope = { store: `${ownDirectory(context)}/store`, mounts: MOUNTS, release: '6.1.0', uid: 1000 };
  assert.equal(readProbe(scope), undefined);
  writeProbe(scope, NATIVE, 0);
  assert.deepEqual(readProbe(scope, 1e12), NATIVE);
  assert.deepEqual(readdirSync(scope.store), ['probe.json']);
  assert.equal(readProbe({ ...scope, release: '6.2.0' }), undefined);
  assert.equal(readProbe({ ...scope, uid: 0 }), undefined);
  assert.equal(readProbe({ ...scope, mounts: [{ mountPoint: '/', fsType: 'overlay' }] }), undefined);
});

test('a refusal is remembered for ten minutes', (context) => {
  const scope = { store: ownDirectory(context), mounts: MOUNTS, release: '6.1.0', uid: 1000 };
  writeProbe(scope, REFUSED, 1_000_000);
  assert.deepEqual(readProbe(scope, 1_500_000), REFUSED);
  assert.equal(readProbe(scope, 1_700_000), undefined);
  assert.equal(readProbe(scope, 0), undefined, 'the clock was set back');
});

test('a damaged file is as none', (context) => {
  const scope = { store: ownDirectory(context), mounts: MOUNTS, release: '6.1.0', uid: 1000 };
  for (const text of ['', '[]', '{"version":1}', '{"version":2,"kind":"native"}', 'null']) {
    writeFileSync(`${scope.store}/probe.json`, text);
    assert.equal(readProbe(scope), undefined);
  }
});

test('every way round is remembered, and that nothing works is not', (context) => {
  const scope = { store: ownDirectory(context), mounts: MOUNTS, release: '6.1.0', uid: 1000 };
  const fuse: OverlaySupport = { kind: 'fuse', program: '/usr/bin/fuse-overlayfs', reason: 'EINVAL' };
  writeProbe(scope, fuse, 0);
  assert.deepEqual(readProbe(scope, 1), fuse);
  writeProbe(scope, { kind: 'none', reason: 'no namespaces' }, 0);
  assert.deepEqual(readProbe(scope, 1), fuse);
});

test('nothing is said before it is tried, and a kernel that is too old is not tried', (context) => {
  const scope = { store: ownDirectory(context), mounts: MOUNTS, release: '6.1.0', uid: 1000 };
  assert.equal(overlaySupport(scope), undefined);
  assert.deepEqual(overlaySupport({ ...scope, release: '5.10.0-28-amd64' }), {
    kind: 'none',
    reason: 'Linux 5.10.0-28-amd64 is older than 5.12',
  });
});

test('a store that cannot be written is no error', () => {
  const scope = { store: '/proc/nowhere', mounts: MOUNTS, release: '6.1.0', uid: 1000 };
  writeProbe(scope, NATIVE);
  assert.equal(readProbe(scope), undefined);
  assert.equal(overlaySupport(scope), undefined);
});
