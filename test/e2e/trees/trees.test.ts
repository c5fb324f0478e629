import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import type { ImageName } from '../../support/registry/place.ts';
import { needsRegistry, testRegistry } from '../../support/registry/registry.ts';
import { differences } from '../../support/tree.ts';
import { account, ordinary } from '../support/inside.ts';
import { treeInside } from './support/open.ts';
import { freshStore, onStore } from './support/store.ts';
import { unpackedByUmoci } from './support/umoci.ts';

interface Compared {
  /** Forms of one image. */
  readonly forms: readonly [ImageName, ...ImageName[]];
  readonly tag: string;
  /** What ends with its standard input. */
  readonly command: readonly string[];
  readonly least: number;
}

const IMAGES: readonly Compared[] = [
  { forms: ['nasty:1', 'nasty:1-zstd'], tag: 'nasty', command: ['/bin/busybox', 'cat'], least: 95 },
  { forms: ['debian:bookworm'], tag: 'debian', command: ['cat'], least: 5_000 },
  { forms: ['bigapp:1', 'bigapp:1-zstd'], tag: 'bigapp', command: ['cat'], least: 10_000 },
];

const skip = ordinary.skip || needs('umoci', 'python3', 'nsenter', 'unshare', 'newuidmap');

for (const { forms, tag, command, least } of IMAGES) {
  const name = `${forms.join(', ')}: the tree is the one that umoci unpacks`;
  test(name, { skip: skip || needsRegistry(...forms) }, async (t) => {
    const user = account();
    const { images, layout } = await testRegistry(t, ...forms);
    const expected = await unpackedByUmoci(user, layout, tag, freshStore(t, user).cwd);
    assert.ok(expected.tree.size >= least, `only ${expected.tree.size} entries to compare with`);
    for (const image of images) {
      // One that has a form of an image has the layers of the others.
      const store = freshStore(t, user);
      await onStore(store, ['image', 'pull', image]);
      const { tree, mountPoints } = await treeInside(user, { ...store, command }, ['--pull', 'never', image]);
      assert.deepEqual(differences(tree, expected.tree, { since: expected.since, mountPoints }), [], image);
    }
  });
}
