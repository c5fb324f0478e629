import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ShellTarget, type ShellWords, shellTarget } from '../../../src/commands/spec/shell-target.ts';
import { formatReference, parseReference } from '../../../src/image/reference.ts';
import type { RootFs } from '../../../src/plan/spec.ts';

const DEBIAN: RootFs = { kind: 'image', name: 'docker.io/library/debian:latest', manifest: 'sha256:1', layers: ['/l'] };
const SANDBOXES: Readonly<Record<string, RootFs>> = {
  web: { kind: 'host' },
  tree: { kind: 'directory', path: '/srv/root' },
  debian: DEBIAN,
};

const NOTHING: ShellWords = { operand: undefined, name: undefined, remove: false, rootfs: undefined };

const target = async (words: Partial<ShellWords>, sandboxes = SANDBOXES): Promise<ShellTarget> =>
  await shellTarget(
    { ...NOTHING, ...words },
    {
      kept: (name) => (Object.hasOwn(sandboxes, name) ? sandboxes[name] : undefined),
      imageName: async (unsafeName) => {
        const reference = parseReference(unsafeName);
        return { full: formatReference(reference), short: reference.repository.split('/').at(-1) ?? '' };
      },
    },
  );
const named = (name: string) => ({ kind: 'named', name }) as const;

describe('shell', () => {
  it('without a word is the sandbox `default` of this machine', async () => {
    for (const words of [{}, { operand: 'host' }, { operand: 'default' }]) {
      assert.deepEqual(await target(words), { lifetime: named('default'), root: { kind: 'host' } });
    }
    assert.deepEqual(await target({ remove: true }), { lifetime: { kind: 'ephemeral' }, root: { kind: 'host' } });
  });

  it('with a name of its own is one of this machine', async () => {
    assert.deepEqual(await target({ name: 'new' }), { lifetime: named('new'), root: { kind: 'host' } });
    assert.deepEqual(await target({ name: 'new', operand: 'host' }), {
      lifetime: named('new'),
      root: { kind: 'host' },
    });
  });

  it('opens a kept sandbox on what it was made on', async () => {
    for (const [name, rootfs] of Object.entries(SANDBOXES)) {
      const expected = { lifetime: named(name), root: { kind: 'kept', rootfs } };
      assert.deepEqual(await target({ operand: name }), expected);
      assert.deepEqual(await target({ name }), expected);
    }
  });

  it('takes any other word for an image, and calls the sandbox by the last part of its name', async () => {
    const cases = [
      ['ubuntu', 'ubuntu'],
      ['debian:bookworm', 'debian'],
      ['127.0.0.1:5000/team/big-app:1', 'big-app'],
      [`quay.io/x/y@sha256:${'a'.repeat(64)}`, 'y'],
    ] as const;
    for (const [unsafeName, name] of cases) {
      const root = { kind: 'image', unsafeName };
      assert.deepEqual(await target({ operand: unsafeName }, {}), { lifetime: named(name), root });
      assert.deepEqual(await target({ operand: unsafeName, name: 'mine' }, {}), { lifetime: named('mine'), root });
      assert.deepEqual(await target({ operand: unsafeName, remove: true }), { lifetime: { kind: 'ephemeral' }, root });
    }
  });

  it('opens the sandbox of that image again, by the full name and by --name', async () => {
    const root = { kind: 'kept', rootfs: DEBIAN };
    assert.deepEqual(await target({ operand: 'docker.io/library/debian' }), { lifetime: named('debian'), root });
    const box = { box: DEBIAN };
    assert.deepEqual(await target({ operand: 'debian', name: 'box' }, box), { lifetime: named('box'), root });
    assert.deepEqual(await target({ operand: 'debian', remove: true }), {
      lifetime: { kind: 'ephemeral' },
      root: { kind: 'image', unsafeName: 'debian' },
    });
  });

  it('refuses a name that another image has, and says how to choose one', async () => {
    await assert.rejects(target({ operand: 'debian:bookworm' }), {
      message:
        'the sandbox debian was made on docker.io/library/debian:latest, not on docker.io/library/debian:bookworm',
      hint: 'choose another name: sandbox shell debian:bookworm --name NAME\nor open the one there is: sandbox shell debian',
    });
    await assert.rejects(target({ operand: 'ubuntu', name: 'web' }), {
      message: 'the sandbox web was made on the host, not on docker.io/library/ubuntu:latest',
    });
    await assert.rejects(target({ operand: 'team/tree' }), { message: /made on \/srv\/root/ });
  });

  it('refuses what contradicts itself', async () => {
    await assert.rejects(target({ remove: true, name: 'x' }), { message: /a sandbox with a name is kept/ });
    await assert.rejects(target({ remove: true, operand: 'web' }), { message: /and "web" is one/ });
    await assert.rejects(target({ rootfs: '/r', operand: 'a', name: 'b' }), { message: /both are the sandbox's name/ });
    await assert.rejects(target({ operand: `${'x'.repeat(64)}y` }), { message: /cannot be a sandbox's name/ });
    await assert.rejects(target({ operand: 'Web' }), { name: 'ImageError' });
  });

  it('takes the word for a name where --rootfs says what it is made on', async () => {
    const root = { kind: 'directory', unsafePath: './r' };
    assert.deepEqual(await target({ rootfs: './r', operand: 'new' }), { lifetime: named('new'), root });
    assert.deepEqual(await target({ rootfs: './r', name: 'new' }), { lifetime: named('new'), root });
    assert.deepEqual(await target({ rootfs: './r' }), { lifetime: named('default'), root });
    assert.deepEqual(await target({ rootfs: './r', remove: true }), { lifetime: { kind: 'ephemeral' }, root });
    await assert.rejects(target({ rootfs: './r', operand: 'a/b' }), { name: 'UsageError' });
  });
});
