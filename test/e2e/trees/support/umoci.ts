import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { listTree, type Tree } from '../../../support/tree.ts';
import { runAs, type TestUser } from '../../../support/user.ts';

/** A user namespace with the account's own id as 0 and its subordinate ids after it, as sandboxes have. */
export const AS_ROOT = ['unshare', '--map-root-user', '--map-auto'] as const;

export interface Unpacked {
  readonly tree: Tree;
  /** When it began, in nanoseconds since the epoch: later times of files are of no layer. */
  readonly since: bigint;
}

/** Unpacks an image of an OCI layout with umoci, an unpacker of other people, and lists what that gave. */
export async function unpackedByUmoci(
  user: TestUser,
  layout: string,
  tag: string,
  directory: string,
): Promise<Unpacked> {
  const bundle = `${directory}/umoci-${tag}`;
  const since = BigInt(Date.now()) * 1_000_000n;
  try {
    const words = [...AS_ROOT, 'umoci', 'unpack', '--image', `${layout}:${tag}`, bundle];
    const { status, stderr } = await runAs(user, words, { timeout: 300_000 });
    assert.equal(status, 0, stderr);
    return { tree: await listTree(user, AS_ROOT, `${bundle}/rootfs`), since };
  } finally {
    await removeAsRoot(user, bundle);
  }
}

/** Removes what may belong to subordinate ids, where the account has such. */
export async function removeAsRoot(user: TestUser, path: string): Promise<void> {
  if (!existsSync(path)) return;
  // overlayfs keeps a directory that its owner may not read.
  const script = 'chmod -R u+rwX "$0"; rm -rf "$0"';
  const namespace = hasSubordinateIds(user) ? AS_ROOT : ['unshare', '--map-root-user'];
  const { status, stderr } = await runAs(user, [...namespace, 'sh', '-c', script, path]);
  assert.equal(status, 0, stderr);
}

function hasSubordinateIds({ name }: TestUser): boolean {
  return (
    existsSync('/etc/subuid') &&
    readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${name}:`))
  );
}
