/* What a layer may try against the directory that it is unpacked in, and against the layers below it. */
import assert from 'node:assert/strict';
import { archive, type Entry, entry, gnuLong, header, layerBlob, padded } from '../../support/tar/raw.ts';
import { testAttacks } from './attacks.ts';

const deep = (depth: number) => Array.from({ length: depth }, () => 'd').join('/');

testAttacks('layers that try to leave their root', {
  '`..` in a name': {
    layers: () => [archive({ name: 'a/../../../outside/secret', content: 'x' })],
    tree: (tree) => assert.deepEqual(Object.keys(tree).sort(), ['', 'outside', 'outside/secret']),
  },
  'an absolute name': {
    layers: (outside) => [archive({ name: `${outside}/secret`, content: 'x' })],
    tree: (tree) => assert.ok(Object.keys(tree).some((path) => path.endsWith('outside/secret'))),
  },
  'a symbolic link, then a write through it': {
    layers: (outside) => [
      archive({ name: 'l', type: 'symlink', linkName: outside }, { name: 'l/secret', content: 'overwritten' }),
    ],
    check: ({ untouched, trees: [tree] }) => {
      assert.ok(untouched);
      assert.equal(tree?.l?.type, 'symlink');
    },
  },
  'a relative symbolic link that climbs, then a write through it': {
    layers: () => [
      archive(
        { name: 'a/b/l', type: 'symlink', linkName: '../../../../../../outside' },
        { name: 'a/b/l/secret', content: 'x' },
      ),
    ],
    tree: (tree) => assert.equal(tree['outside/secret']?.content, 'x'),
  },
  'a file through a symbolic link of its own name': {
    layers: (outside) => [
      archive(
        { name: 'secret', type: 'symlink', linkName: `${outside}/secret` },
        { name: 'secret', content: 'overwritten' },
      ),
    ],
    tree: (tree) => assert.deepEqual([tree.secret?.type, tree.secret?.content], ['file', 'overwritten']),
  },
  'symbolic links of /proc lead nowhere': {
    layers: () => [archive({ name: 'l', type: 'symlink', linkName: '/proc/self/root' }, { name: 'l/x', content: 'x' })],
    tree: (tree) => assert.equal(tree['proc/self/root/x']?.content, 'x'),
  },
  'a loop of symbolic links': {
    layers: () => [
      archive(
        { name: 'a', type: 'symlink', linkName: 'b' },
        { name: 'b', type: 'symlink', linkName: 'a' },
        { name: 'a/x', content: 'x' },
      ),
    ],
    refused: /too many symbolic links/,
  },
  'symbolic links that double at each step': {
    layers: () => [
      archive(
        { name: 'l0', type: 'directory' },
        ...Array.from(
          { length: 60 },
          (_, i): Entry => ({
            name: `l${i + 1}`,
            type: 'symlink',
            linkName: `l${i}/../l${i}/../l${i}`,
          }),
        ),
        { name: 'l60/x', content: 'x' },
      ),
    ],
    refused: /too many symbolic links/,
  },
  'a hard link to a directory': {
    layers: () => [archive({ name: 'd/', type: 'directory' }, { name: 'h', type: 'hardlink', linkName: 'd' })],
    refused: /a hard link to a directory/,
  },
  'a hard link to the root': {
    layers: () => [archive({ name: 'h', type: 'hardlink', linkName: '../..' })],
    refused: /a hard link to the root/,
  },
  'a hard link through a symbolic link to outside': {
    layers: (outside) => [
      archive({ name: 'l', type: 'symlink', linkName: outside }, { name: 'h', type: 'hardlink', linkName: 'l/secret' }),
    ],
    refused: /a hard link to "l\/secret"/,
  },
  'a hard link to a whiteout': {
    layers: () => [archive({ name: '.wh.f' }, { name: 'h', type: 'hardlink', linkName: 'f' })],
    refused: /a hard link to "f"/,
  },
  'a directory replaced by a symbolic link between two entries': {
    layers: (outside) => [
      archive(
        { name: 'd/', type: 'directory' },
        { name: 'd/a', content: '1' },
        { name: 'd', type: 'symlink', linkName: outside },
        { name: 'd/', type: 'directory' },
        { name: 'd/secret', content: 'mine' },
      ),
    ],
    tree: (tree) =>
      assert.deepEqual([tree.d?.type, tree['d/secret']?.content, tree['d/a']], ['directory', 'mine', undefined]),
  },
  'times and modes of directories do not follow a link that took their name': {
    layers: (outside) => [
      archive(
        { name: 'd/', type: 'directory', mode: 0o1777, mtime: 1 },
        { name: 'd', type: 'symlink', linkName: outside },
      ),
    ],
    tree: (tree) => assert.equal(tree.d?.type, 'symlink'),
  },
  'a file where a directory is needed': {
    layers: () => [archive({ name: 'f', content: 'x' }, { name: 'f/below', content: 'y' })],
    refused: /what it lies in is no directory/,
  },
  '10,000 directories deep': {
    layers: () => [archive({ name: 'x', pax: { path: `${deep(10_000)}/x` } })],
    refused: /its path has 20001 bytes/,
  },
  'as deep as a path may be': {
    layers: () => [archive({ name: 'x', pax: { path: `${deep(2047)}/x` }, content: 'x' })],
    // What lies deeper has no absolute path that the listing could open.
    tree: (tree) => assert.equal(tree[deep(2000)]?.type, 'directory'),
  },
  'deep by links: each a short path, together too long': {
    layers: () => [
      archive(
        { name: 'x', type: 'directory', pax: { path: deep(2040) } },
        { name: 'l', type: 'symlink', pax: { path: 'l', linkpath: deep(2040) } },
        { name: 'x', pax: { path: `l/${deep(1000)}/x` } },
      ),
    ],
    refused: /too long/,
  },
  'a name of 256 bytes': {
    layers: () => [archive(gnuLong('L', 'n'.repeat(256)), { name: 'x' })],
    refused: /ENAMETOOLONG/,
  },
  'a NUL in a name': {
    layers: () => [archive({ name: 'x', pax: { path: 'a\0b' } })],
    refused: /a name has a NUL/,
  },
  'terminal escapes in a name are not in the message': {
    layers: () => [archive({ name: '\x1b[31m\u202ex', type: 'hardlink', linkName: '..' })],
    check: ({ outcomes: [outcome] }) => {
      assert.ok(outcome && 'failed' in outcome);
      assert.match(outcome.message, /"\\u001b\[31m\\u202ex"/);
    },
  },
});

testAttacks('whiteouts that try more than to delete', {
  ...Object.fromEntries(
    ['.wh.', '.wh..', '.wh...', 'd/.wh.', 'd/.wh..', 'd/.wh...'].map((name) => [
      `a whiteout called ${name}`,
      { layers: () => [archive({ name })], refused: /a whiteout of ""|a whiteout of "\."|a whiteout of "\.\."/ },
    ]),
  ),
  'a whiteout with a path in it': {
    layers: () => [archive({ name: '.wh.../outside/secret' })],
    refused: /a whiteout has nothing below it/,
  },
  'a whiteout through a symbolic link': {
    layers: (outside) => [archive({ name: 'l', type: 'symlink', linkName: outside }, { name: 'l/.wh.secret' })],
    check: ({ untouched, trees: [tree] }) => {
      assert.ok(untouched);
      const [whiteout] = Object.entries(tree ?? {}).filter(([path]) => path.endsWith('outside/secret'));
      assert.equal(whiteout?.[1].type, 'whiteout');
    },
  },
  'an opaque mark through a symbolic link': {
    layers: (outside) => [archive({ name: 'l', type: 'symlink', linkName: outside }, { name: 'l/.wh..wh..opq' })],
    check: ({ untouched }) => assert.ok(untouched),
  },
  'what aufs kept for itself is nothing': {
    layers: () => [
      archive(
        { name: '.wh..wh.plnk/', type: 'directory' },
        { name: '.wh..wh.plnk/123.456', content: 'x' },
        { name: '.wh..wh.aufs', content: 'x' },
        { name: 'd/.wh..wh.orph/x', content: 'x' },
      ),
    ],
    tree: (tree) => assert.deepEqual(Object.keys(tree), ['']),
  },
  'a device 0:0 is no whiteout': {
    layers: () => [
      archive({ name: 'd/', type: 'directory' }, { name: 'd/x', type: 'character', device: [0, 0], mode: 0o666 }),
    ],
    tree: (tree) => assert.deepEqual([tree['d/x']?.type, tree['d/x']?.mode, tree['d/x']?.size], ['file', 0, 0]),
  },
  'attributes of overlayfs are not taken from a layer': {
    layers: () => [
      archive(
        ...['opaque', 'redirect', 'metacopy', 'origin', 'impure', 'whiteout', 'overlay.opaque'].map(
          (name, index): Entry => ({
            name: `d${index}/`,
            type: 'directory',
            pax: { [`SCHILY.xattr.user.overlay.${name}`]: 'y', [`SCHILY.xattr.trusted.overlay.${name}`]: 'y' },
          }),
        ),
        {
          name: 'f',
          content: 'f',
          pax: { 'SCHILY.xattr.user.overlay.redirect': '/etc/shadow', 'LIBARCHIVE.xattr.user.overlay.metacopy': '' },
        },
        { name: './', type: 'directory', pax: { 'SCHILY.xattr.user.overlay.opaque': 'y' } },
      ),
    ],
    tree: (tree) =>
      assert.deepEqual(
        Object.values(tree).flatMap(({ xattrs }) => Object.keys(xattrs)),
        [],
      ),
  },
  "other namespaces' attributes are the host's business": {
    layers: () => [
      archive({
        name: 'f',
        pax: {
          'SCHILY.xattr.trusted.x': '1',
          'SCHILY.xattr.security.selinux': 'system_u:object_r:shadow_t:s0',
          'SCHILY.xattr.system.posix_acl_access': '\u0002',
          'SCHILY.xattr.user.kept': 'yes',
        },
      }),
    ],
    tree: (tree) => assert.deepEqual(tree.f?.xattrs, { 'user.kept': 'yes' }),
  },
});

testAttacks('archives that try to use up what there is', {
  'a bomb: more than the limit': {
    limit: 1_000_000,
    layers: () => [layerBlob(archive({ name: 'zeros', content: Buffer.alloc(50_000_000) }), 'gzip')],
    refused: /more than 1000000 bytes when decompressed/,
  },
  'a bomb in zstd': {
    limit: 1_000_000,
    layers: () => [layerBlob(archive({ name: 'zeros', content: Buffer.alloc(50_000_000) }), 'zstd')],
    refused: /more than 1000000 bytes when decompressed/,
  },
  'a bomb behind the end of the archive': {
    limit: 1_000_000,
    layers: () => [layerBlob(Buffer.concat([archive({ name: 'x' }), Buffer.alloc(50_000_000)]), 'gzip')],
    refused: /more than 1000000 bytes when decompressed/,
  },
  'a sparse file larger than any file system takes': {
    layers: () => [
      archive({
        name: 'huge',
        pax: { 'GNU.sparse.numblocks': '0', 'GNU.sparse.size': '9007199254740991' },
      }),
    ],
    refused: /EFBIG/,
  },
  'more attributes than a file may have': {
    layers: () => [
      archive({
        name: 'x',
        pax: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`SCHILY.xattr.user.a${i}`, 'x'])),
      }),
    ],
    refused: /more than 256 extended attributes/,
  },
  'an endless row of headers without an entry': {
    layers: () => [
      Buffer.concat(
        Array.from({ length: 1000 }, () =>
          Buffer.concat([header({ name: 'p', type: 'x', size: 12 }), padded('12 comment=\n')]),
        ),
      ),
    ],
    refused: /ends in the middle/,
  },
  'a file that is cut off': {
    layers: () => [entry({ name: 'x', content: 'abc', size: 3000 })],
    refused: /ends in the middle/,
  },
  'a wrong checksum': {
    layers: () => [archive(header({ name: 'x', checksum: 1 }))],
    refused: /checksum of a header is wrong/,
  },
  'entries behind a single block of zeros, which readers see differently': {
    layers: () => [archive({ name: 'a' }, Buffer.alloc(512), { name: 'b' })],
    refused: /something follows its end/,
  },
  'an unknown kind of entry': {
    layers: () => [archive(header({ name: 'x', type: 'Z' }))],
    refused: /of the type "Z"/,
  },
  'content that is not what the digest says': {
    layers: () => [{ ...layerBlob(archive({ name: 'a' })), diffId: `sha256:${'0'.repeat(64)}` as const }],
    refused: /has the digest sha256:[0-9a-f]{64}, and the image says sha256:0000/,
    code: 'CORRUPT',
  },
  'compressed data that is damaged': {
    layers: () => {
      const layer = layerBlob(archive({ name: 'a', content: Buffer.alloc(100_000, 'abc') }), 'gzip');
      layer.blob.fill(0xff, 60, 90);
      return [layer];
    },
    refused: /cannot be decompressed/,
    code: 'CORRUPT',
  },
  'compressed data that is cut off': {
    layers: () => {
      const layer = layerBlob(archive({ name: 'a', content: Buffer.alloc(100_000, 'abc') }), 'gzip');
      return [{ ...layer, blob: layer.blob.subarray(0, layer.blob.length - 20) }];
    },
    refused: /cannot be decompressed/,
    code: 'CORRUPT',
  },
  'zstd that is cut off': {
    layers: () => {
      const layer = layerBlob(archive({ name: 'a', content: Buffer.alloc(100_000, 'abc') }), 'zstd');
      return [{ ...layer, blob: layer.blob.subarray(0, layer.blob.length - 20) }];
    },
    refused: /cannot be decompressed/,
    code: 'CORRUPT',
  },
});
