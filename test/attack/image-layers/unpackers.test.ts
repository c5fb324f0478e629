/* Published advisories about other unpackers of layers and archives, each with the archive that it describes. */
import assert from 'node:assert/strict';
import { archive, END, entry, header, layerBlob, padded, paxHeader } from '../../support/tar/raw.ts';
import { testAttacks } from './attacks.ts';

testAttacks('advisories of unpackers', {
  'CVE-2021-29136 (GHSA-9m95-8hx6-7p9v, umoci): the root directory is a symbolic link': {
    layers: (outside) => [
      archive({ name: '.', type: 'symlink', linkName: outside }, { name: 'secret', content: 'overwritten' }),
    ],
    refused: /the root directory cannot be a symlink/,
  },
  'CVE-2021-29136: the same under other names of the root': {
    layers: (outside) => [
      archive({ name: 'a/../', type: 'symlink', linkName: outside }, { name: 'secret', content: 'overwritten' }),
    ],
    refused: /the root directory cannot be a symlink/,
  },
  'CVE-2014-6407 (docker): symbolic and hard links to outside, then writing through them': {
    layers: (outside) => [
      archive(
        { name: 'link', type: 'symlink', linkName: `${outside}/secret` },
        { name: 'hard', type: 'hardlink', linkName: 'link' },
        { name: 'hard', content: 'overwritten' },
        { name: 'link', content: 'overwritten' },
      ),
    ],
    tree: (tree) => assert.deepEqual([tree.link?.content, tree.hard?.content], ['overwritten', 'overwritten']),
  },
  'CVE-2014-9356 (docker): symbolic links with absolute targets above the root': {
    layers: (outside) => [
      archive({ name: 'up', type: 'symlink', linkName: '/../../../..' }, { name: `up${outside}/secret`, content: 'x' }),
    ],
    tree: (tree) => {
      assert.equal(tree.up?.target, '/../../../..');
      assert.ok(Object.keys(tree).some((path) => path.endsWith('/outside/secret')));
    },
  },
  'CVE-2014-9357 (docker): only known compressions are undone, and by no program': {
    layers: () => [layerBlob(Buffer.from('fd377a585a000004e6d6b446', 'hex'))],
    refused: /no sound tar archive/,
  },
  'CVE-2017-14992 (docker, tar-split): a file that is nothing but a size': {
    layers: () => [Buffer.concat([header({ name: 'x', size: 8 * 2 ** 30 }), Buffer.alloc(4096)])],
    refused: /ends in the middle/,
  },
  'CVE-2019-14271 (docker cp): nothing of the layer is loaded by the unpacker': {
    layers: () => [
      archive(
        { name: 'etc/nsswitch.conf', content: 'passwd: evil\nhosts: evil\n' },
        { name: 'lib/x86_64-linux-gnu/libnss_evil.so.2', content: 'not a library' },
        { name: 'etc/ld.so.preload', content: '/lib/x86_64-linux-gnu/libnss_evil.so.2\n' },
      ),
    ],
    tree: (tree) => assert.equal(tree['etc/ld.so.preload']?.type, 'file'),
  },
  'CVE-2021-32760 (GHSA-c72p-9xmj-rx3w, containerd): a hard link to a symbolic link changes the mode of its target': {
    layers: (outside) => [
      archive(
        { name: 'link', type: 'symlink', linkName: `${outside}/secret` },
        { name: 'hard', type: 'hardlink', linkName: 'link', mode: 0o777 },
      ),
    ],
    tree: (tree) => assert.deepEqual([tree.hard?.type, tree.hard?.links], ['symlink', 2]),
  },
  'CVE-2021-41103 (GHSA-c2h3-6mxw-7mvq, containerd), CVE-2021-41091 (moby): set-id files are not within reach of others':
    {
      // The directory that layers are made in is closed to other users; here only that the bits are there at all.
      layers: () => [archive({ name: 'su', content: '#!', mode: 0o4755 })],
      tree: (tree) => assert.equal(tree.su?.mode, 0o4755),
    },
  'CVE-2021-41089 (GHSA-v994-f8vw-g7j4, moby): modes of what lies outside stay': {
    layers: (outside) => [
      archive(
        { name: 'd', type: 'symlink', linkName: outside },
        { name: 'd/', type: 'directory', mode: 0o777 },
        { name: 'd/secret', content: 'mine', mode: 0o777 },
      ),
    ],
    tree: (tree) => assert.deepEqual([tree.d?.type, tree['d/secret']?.content], ['directory', 'mine']),
  },
  'CVE-2022-2879 (Go archive/tar), CVE-2023-25153 (GHSA-259w-8hf6-59c2, containerd): a header of gigabytes': {
    layers: () => [Buffer.concat([header({ name: 'h', type: 'x', size: 4 * 2 ** 30 }), Buffer.alloc(4096)])],
    refused: /an extended header has 4294967296 bytes/,
  },
  'CVE-2024-40635 (GHSA-265r-hfxg-fhmg, containerd): an owner that overflows is not root': {
    layers: () => [archive({ name: 'x', pax: { uid: '4294967296' } })],
    refused: /4294967296 is no user or group id/,
  },
  'CVE-2024-40635: an owner that means "leave it" to chown(2)': {
    layers: () => [archive({ name: 'x', pax: { uid: '4294967295' } })],
    refused: /4294967295 is no user or group id/,
  },
  'CVE-2024-9676 (containers/storage): the account table of the layer is a symbolic link to a device': {
    layers: () => [archive({ name: 'etc/passwd', type: 'symlink', linkName: '/dev/zero' })],
    tree: (tree) => assert.equal(tree['etc/passwd']?.target, '/dev/zero'),
  },
  'CVE-2025-47290 (GHSA-cm76-qm8v-3j95, containerd): a directory is exchanged between two entries': {
    layers: (outside) => [
      archive(
        { name: 'a/', type: 'directory' },
        { name: 'a/b/', type: 'directory' },
        { name: 'a/b/1', content: '1' },
        { name: 'a', type: 'symlink', linkName: outside.replace(/\/outside$/, '') },
        { name: 'a/outside/secret', content: 'overwritten' },
        { name: 'a/b/2', content: '2' },
      ),
    ],
    check: ({ untouched }) => assert.ok(untouched),
  },
  'CVE-2025-58183 (Go archive/tar): a sparse map of millions of pieces': {
    layers: () => [
      archive(
        paxHeader({
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.realsize': '1',
          'GNU.sparse.name': 'x',
        }),
        header({ name: 'x', size: 1024 }),
        padded('100000000\n'.padEnd(1024, '0\n')),
      ),
    ],
    refused: /sparse map is too long/,
  },
  'CVE-2025-62518 (tokio-tar, "TARmageddon"): a size in the extended header hides what another reader sees': {
    layers: () => {
      const hidden = archive({ name: 'hidden', content: 'h' }).subarray(0, -1024);
      return [
        Buffer.concat([
          paxHeader({ size: `${hidden.length}` }),
          header({ name: 'outer', size: 0 }),
          hidden,
          entry({ name: 'after', content: 'a' }),
          END,
        ]),
      ];
    },
    tree: (tree) => assert.deepEqual(Object.keys(tree).sort(), ['', 'after', 'outer']),
  },
  'CVE-2025-8194 (Python tarfile): a negative size': {
    layers: () => [archive(header({ name: 'x', raw: { size: Buffer.from('ffffffffffffffffffffff00', 'hex') } }))],
    refused: /its size is negative/,
  },
  'CVE-2025-4517 (Python tarfile): a chain of symbolic links longer than a path may be': {
    layers: (outside) => {
      const long = 'd'.repeat(247);
      const names = 'abcdefghijklmnop'.split('');
      const at = (depth: number) => Array.from({ length: depth }, () => long).join('/');
      return [
        archive(
          ...names.flatMap((name, depth) => [
            { name: 'd', type: 'directory', pax: { path: `${at(depth + 1)}/` } },
            { name: 'l', type: 'symlink', linkName: long, pax: { path: `${at(depth)}/${name}`.replace(/^\//, '') } },
          ]),
          {
            name: 'l',
            type: 'symlink',
            linkName: `${'../'.repeat(16)}`,
            pax: { path: `${names.join('/')}/${'l'.repeat(254)}` },
          },
          {
            name: 'escape',
            type: 'symlink',
            pax: { linkpath: `${names.join('/')}/${'l'.repeat(254)}/../..${outside}` },
          },
          { name: 'escape/secret', content: 'overwritten' },
        ),
      ];
    },
    check: ({ untouched }) => assert.ok(untouched),
  },
  'CVE-2007-4559 (Python tarfile): `..` in names': {
    layers: () => [archive({ name: '../outside/secret', content: 'overwritten' })],
    tree: (tree) => assert.equal(tree['outside/secret']?.content, 'overwritten'),
  },
  'CVE-2018-20990 (tar-rs): a hard link to a file, then its content through the link': {
    layers: () => [
      archive(
        { name: 'a', content: 'kept' },
        { name: 'b', type: 'hardlink', linkName: 'a' },
        { name: 'b', content: 'other' },
      ),
    ],
    tree: (tree) => assert.deepEqual([tree.a?.content, tree.b?.content], ['kept', 'other']),
  },
  'CVE-2021-38511 (tar-rs): directories that are made on the way through a symbolic link': {
    layers: (outside) => [
      archive({ name: 'l', type: 'symlink', linkName: outside }, { name: 'l/new/deep/x', content: 'x' }),
    ],
    check: ({ untouched }) => assert.ok(untouched),
  },
  'CVE-2024-12905, CVE-2025-48387, CVE-2025-59343 (tar-fs): a link chain whose last part leads out': {
    layers: () => [
      archive(
        { name: 'd/', type: 'directory' },
        { name: 'd/a', type: 'symlink', linkName: '.' },
        { name: 'd/b', type: 'symlink', linkName: 'a/..' },
        { name: 'c', type: 'symlink', linkName: 'd/b/../../outside' },
        { name: 'c/secret', content: 'overwritten' },
      ),
    ],
    check: ({ untouched }) => assert.ok(untouched),
  },
  'CVE-2020-27833 (GHSL-2020-261, oc): links that each stay inside, and together do not': {
    layers: () => [
      archive(
        { name: 'subdir/', type: 'directory' },
        { name: 'subdir/parent', type: 'symlink', linkName: '..' },
        { name: 'subdir/parent/escapes', type: 'symlink', linkName: '..' },
        { name: 'escapes/outside/secret', content: 'overwritten' },
      ),
    ],
    check: ({ untouched, trees: [tree] }) => {
      assert.ok(untouched);
      assert.equal(tree?.escapes?.target, '..');
    },
  },
});
