import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { differences, type Tree, type TreeEntry } from '../../support/tree.ts';
import {
  insideImage,
  type Kind,
  madeLayers,
  type Place,
  place,
  runImage,
  skipped,
  skippedWithoutFuse,
} from './support/image-sandbox.ts';

const DRIVERS = ['native', 'fuse-overlayfs', 'copy'] as const;
type Driver = (typeof DRIVERS)[number];
/** Places of the sandbox's own, and what is mounted from the host. */
const MOUNTS = ['/proc', '/sys', '/dev', '/usr', '/script', '/etc/hosts', '/etc/hostname'];

const skip = (driver: Driver, kind: Kind): string | false =>
  driver === 'fuse-overlayfs' ? skippedWithoutFuse(kind) : skipped(kind);

async function listing(where: Place, layers: readonly string[], driver: Driver): Promise<Tree> {
  const command = ['/usr/bin/python3', '/script/list_tree.py', '/', ...MOUNTS];
  const { status, stdout, stderr } = await runImage(where, { layers, driver, command });
  assert.equal(status, 0, stderr);
  const entries = stdout
    .trim()
    .split('\n')
    .map((line): TreeEntry => JSON.parse(line));
  // The sandbox has made its mount points in the topmost directory.
  return new Map(entries.filter(({ path }) => path !== '/').map((entry) => [entry.path, entry]));
}

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`an account with ${kind === 'bare' ? 'one id' : 'subordinate ids'}`, () => {
    test('the kernel shows what the layers say', { skip: skip('native', kind) }, async (t) => {
      const where = place(t, kind);
      const tree = await listing(where, await madeLayers(where), 'native');
      const content = (path: string) => tree.get(path)?.size;
      assert.deepEqual([...tree.keys()].filter((path) => path.startsWith('/data/')).sort(), [
        '/data/became-directory',
        '/data/became-directory/inside',
        '/data/kept',
        '/data/replaced',
      ]);
      assert.equal(content('/data/replaced'), 'middle'.length);
      assert.equal(tree.get('/removed-directory')?.kind, 'file');
      assert.equal(tree.get('/was-directory')?.kind, 'file');
      assert.deepEqual([tree.has('/opaque/below'), content('/opaque/both')], [false, 'middle'.length]);
      assert.deepEqual(
        ['/merged/below', '/merged/middle', '/merged/deep/top'].map((path) => tree.has(path)),
        [true, true, true],
      );
      assert.equal(content('/merged/deep/below'), 'middle'.length);
      assert.deepEqual(tree.get('/setuid')?.owner, kind === 'bare' ? [0, 0] : [1, 2]);
      assert.equal(tree.get('/other-links/third')?.same, '/links/first');
    });

    for (const driver of DRIVERS) {
      if (driver === 'native') continue;
      test(`${driver} shows the same, to the last bit`, { skip: skip(driver, kind) }, async (t) => {
        const where = place(t, kind);
        const layers = await madeLayers(where);
        const [native, other] = [await listing(where, layers, 'native'), await listing(where, layers, driver)];
        assert.deepEqual(differences(other, native), []);
        const sparse = other.get('/sparse');
        assert.equal(sparse?.size, 64 << 20);
        assert.ok((sparse.blocks ?? 0) < 2048, `${sparse.blocks} blocks of a file that is a hole`);
      });
    }

    for (const driver of DRIVERS) {
      test(`${driver}: what is changed in a kept sandbox is there the next time`, {
        skip: skip(driver, kind),
      }, async (t) => {
        const where = place(t, kind);
        const layers = await madeLayers(where);
        const options = { layers, driver, spec: { lifetime: { kind: 'named', name: 'kept' } } } as const;
        const changes = [
          'echo more >> /data/kept',
          'rm /data/replaced',
          'rm -r /merged && mkdir /merged && echo new > /merged/new',
          'mv /links/first /links/moved',
          'mkdir -p /made/here && ln -s here /made/link && chmod 700 /made/here',
          'mv /opaque/both /opaque/renamed',
          'chmod 4711 /setuid && touch -d @1234567890 /setuid',
        ];
        await insideImage(where, options, changes.join(' && '));
        const shown = [
          'cat /data/kept',
          'ls /data /merged /links /opaque',
          'cat /merged/new',
          'readlink /made/link',
          'stat -c "%a %Y" /setuid /made/here | cut -c1-15',
        ];
        const lines = (await insideImage(where, options, shown.join(' && '))).split('\n');
        assert.deepEqual(lines.slice(0, 21), [
          'basemore',
          '/data:',
          'became-directory',
          'kept',
          '',
          '/links:',
          'dangling',
          'fifo',
          'moved',
          'relative',
          'second',
          '',
          '/merged:',
          'new',
          '',
          '/opaque:',
          'renamed',
          'new',
          'here',
          '4711 1234567890',
          lines[20],
        ]);
        assert.match(lines[20] ?? '', /^700 /);
      });
    }
  });
}
