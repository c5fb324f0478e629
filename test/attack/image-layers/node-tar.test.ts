/*
 * The published advisories about extraction with node-tar, each with the archive that it describes. Here every path is a
 * path below the tree, so nearly all of them unpack, and what they aimed at is inside.
 */
import assert from 'node:assert/strict';
import { archive, entry } from '../../support/tar/raw.ts';
import { testAttacks } from './attacks.ts';

testAttacks('advisories of node-tar', {
  'CVE-2018-20834 (GHSA-j44m-qm6p-hp7m): a hard link to a file outside, then a file of the same name': {
    layers: (outside) => [
      archive({ name: 'x', type: 'hardlink', linkName: `${outside}/secret` }, { name: 'x', content: 'overwritten' }),
    ],
    tree: (tree) => assert.deepEqual([tree.x?.content, tree.x?.links], ['overwritten', 1]),
  },
  'CVE-2018-20834: the same, and nothing else': {
    layers: (outside) => [archive({ name: 'x', type: 'hardlink', linkName: `${outside}/secret` })],
    refused: /hard link to .*, which neither this layer nor one below it has/,
  },
  'CVE-2021-32803 (GHSA-r628-mhmh-qjhw): a directory becomes a symbolic link, then a file through it': {
    layers: (outside) => [
      archive(
        { name: 'd/', type: 'directory' },
        { name: 'd/first', content: '1' },
        { name: 'd', type: 'symlink', linkName: outside },
        { name: 'd/secret', content: 'overwritten' },
      ),
    ],
    check: ({ trees: [tree], untouched }) => {
      assert.ok(untouched);
      assert.equal(tree?.d?.type, 'symlink');
      const [written] = Object.entries(tree ?? {}).filter(([path]) => path.endsWith('/secret'));
      assert.equal(written?.[1].content, 'overwritten');
    },
  },
  'CVE-2021-32804 (GHSA-3jfq-g458-7qm9): repeated slashes before an absolute path': {
    layers: (outside) => [archive({ name: `////${outside}/secret`, content: 'overwritten' })],
    tree: (tree) => assert.ok(Object.keys(tree).some((path) => path.endsWith('/outside/secret'))),
  },
  'CVE-2021-37701 (GHSA-9r2w-394v-53qc): a backslash is part of a name': {
    layers: (outside) => [
      archive(
        { name: 'd\\x/', type: 'directory' },
        { name: 'd\\x', type: 'symlink', linkName: outside },
        { name: 'd/x/secret', content: '1' },
        { name: 'd\\x\\secret', content: '2' },
      ),
    ],
    tree: (tree) => {
      assert.equal(tree['d\\x']?.type, 'symlink');
      assert.equal(tree['d/x/secret']?.content, '1');
      assert.equal(tree['d\\x\\secret']?.content, '2');
    },
  },
  'CVE-2021-37701: case twins': {
    layers: (outside) => [
      archive(
        { name: 'FOO/', type: 'directory' },
        { name: 'foo', type: 'symlink', linkName: outside },
        { name: 'FOO/secret', content: 'mine' },
      ),
    ],
    tree: (tree) => assert.deepEqual([tree['FOO/secret']?.content, tree.foo?.type], ['mine', 'symlink']),
  },
  'CVE-2021-37712 (GHSA-qq89-hq3f-393p): twins by unicode normalisation': {
    layers: (outside) => [
      archive(
        { name: 'caf\u00e9/', type: 'directory' },
        { name: 'cafe\u0301', type: 'symlink', linkName: outside },
        { name: 'caf\u00e9/secret', content: 'mine' },
      ),
    ],
    tree: (tree) => {
      const name = (text: string) => Buffer.from(text).toString('latin1');
      assert.equal(tree[name('caf\u00e9/secret')]?.content, 'mine');
      assert.equal(tree[name('cafe\u0301')]?.type, 'symlink');
    },
  },
  'CVE-2021-37713 (GHSA-5955-9wpr-37jh): drive-relative paths are names like others': {
    layers: () => [archive({ name: 'c:../outside/secret', content: '1' }, { name: 'C:\\..\\x', content: '2' })],
    tree: (tree) => assert.deepEqual([tree['c:../outside/secret']?.content, tree['C:\\..\\x']?.content], ['1', '2']),
  },
  'CVE-2024-28863 (GHSA-f5x3-32g6-xq36): a path of very many directories': {
    layers: () => [archive({ name: 'x', pax: { path: `${'d/'.repeat(100_000)}x` } })],
    refused: /its path has 200001 bytes, and Linux takes 4095/,
  },
  'CVE-2025-64118 (GHSA-29xp-372q-xqph): nothing of memory gets into a file that the archive cuts off': {
    layers: () => [Buffer.concat([entry({ name: 'x', content: 'short', size: 10_000 })])],
    refused: /ends in the middle/,
  },
  'CVE-2026-23745 (GHSA-8qq5-rm4j-mr97): a hard link with an absolute target': {
    layers: () => [archive({ name: 'x', type: 'hardlink', linkName: '/etc/passwd' })],
    refused: /a hard link to "etc\/passwd", which neither this layer/,
  },
  'CVE-2026-23745: a symbolic link with an absolute target stays one, and leads to the tree': {
    layers: (outside) => [
      archive({ name: 'x', type: 'symlink', linkName: `${outside}/secret` }, { name: 'y', content: 'mine' }),
    ],
    tree: (tree) => assert.match(tree.x?.target ?? '', /\/outside\/secret$/),
  },
  'CVE-2026-23950 (GHSA-r6q2-hw4h-h46w): twins by unicode ligatures': {
    layers: (outside) => [
      archive(
        { name: 'collision_ss', type: 'symlink', linkName: `${outside}/secret` },
        { name: 'collision_\u00df', content: 'mine' },
      ),
    ],
    tree: (tree) => assert.equal(tree[Buffer.from('collision_\u00df').toString('latin1')]?.content, 'mine'),
  },
  'CVE-2026-24842 (GHSA-34x7-hfp2-rc4v): a hard link whose target is resolved from elsewhere than the root': {
    layers: () => [
      archive(
        { name: 'a/b/', type: 'directory' },
        { name: 'a/b/x', type: 'hardlink', linkName: '../../outside/secret' },
      ),
    ],
    refused: /a hard link to "outside\/secret"/,
  },
  'CVE-2026-26960 (GHSA-83g3-92jg-28cx): a hard link through a chain of symbolic links': {
    layers: () => [
      archive(
        { name: 'a/b/', type: 'directory' },
        { name: 'a/up', type: 'symlink', linkName: '..' },
        { name: 'a/b/up', type: 'symlink', linkName: '../up/..' },
        { name: 'x', type: 'hardlink', linkName: 'a/b/up/../outside/secret' },
      ),
    ],
    refused: /a hard link to/,
  },
  'CVE-2026-29786 (GHSA-qffp-2rhf-9h96): a hard link with a drive-relative target': {
    layers: () => [archive({ name: 'x', type: 'hardlink', linkName: 'C:../outside/secret' })],
    refused: /a hard link to "C:..\/outside\/secret"/,
  },
  'CVE-2026-31802 (GHSA-9ppj-qmqm-q256): a symbolic link with a drive-relative target, then a file through it': {
    layers: () => [
      archive(
        { name: 'l', type: 'symlink', linkName: 'C:../../../outside' },
        { name: 'l/secret', content: 'overwritten' },
      ),
    ],
    check: ({ untouched }) => assert.ok(untouched),
  },
});
