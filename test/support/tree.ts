import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { runAs, type TestUser } from './user.ts';

/** Lists trees; says what it gives. */
const LIST = join(import.meta.dirname, 'list_tree.py');

/** What an unpacker has to get right of an entry. Names have lone surrogates for bytes that are no UTF-8. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'fifo' | 'character' | 'block' | 'socket';
  readonly mode: number;
  /** User and group in the user namespace of whoever looked. */
  readonly owner: readonly [number, number];
  /** Nanoseconds since the epoch. */
  readonly mtime: string;
  /** Values in hexadecimal. */
  readonly xattrs: Readonly<Record<string, string>>;
  readonly size?: number;
  /** The first path of the same file: all but the first of a group of hard links have another one's. */
  readonly same?: string;
  /** SHA-256 in hexadecimal. */
  readonly content?: string;
  /** Of 512 bytes, on the disk. */
  readonly blocks?: number;
  readonly target?: string;
  readonly device?: readonly [number, number];
}

export type Tree = ReadonlyMap<string, TreeEntry>;

/**
 * Lists what lies below a directory as `words` run the lister: a command that enters the namespaces to look from. Paths
 * in `skip` are left out with all below them.
 */
export async function listTree(
  user: TestUser,
  words: readonly string[],
  root: string,
  skip: readonly string[] = [],
): Promise<Tree> {
  const { status, stdout, stderr } = await runAs(user, [...words, 'python3', LIST, root, ...skip], {
    timeout: 300_000,
  });
  assert.equal(status, 0, stderr);
  const entries = stdout
    .trimEnd()
    .split('\n')
    .map((line): TreeEntry => JSON.parse(line));
  return new Map(entries.map((entry) => [entry.path, entry]));
}

const COMPARED = ['kind', 'mode', 'owner', 'size', 'same', 'content', 'target', 'device', 'xattrs'] as const;

/** What a comparison is to leave alone. */
export interface Apart {
  /** Modification times of the expected tree from then on (nanoseconds) are nobody's: no layer says them. */
  readonly since?: bigint;
  /** What is mounted there hides what the tree has; and making a mount point changes the time of its directory. */
  readonly mountPoints?: readonly string[];
}

/** Says in lines how a tree is not what another one is; none where they are equal. */
export function differences(actual: Tree, expected: Tree, { since, mountPoints = [] }: Apart = {}): string[] {
  const lines: string[] = [];
  const holdsMountPoints = new Set(mountPoints.map((path) => dirname(path)));
  const isCovered = (path: string): boolean => mountPoints.some((each) => path === each || path.startsWith(`${each}/`));
  for (const path of actual.keys()) if (!expected.has(path)) lines.push(`${JSON.stringify(path)}: should not be there`);
  for (const [path, wanted] of expected) {
    if (isCovered(path)) continue;
    const found = actual.get(path);
    if (found === undefined) {
      lines.push(`${JSON.stringify(path)}: is missing`);
      continue;
    }
    const differ = (fact: string, is: unknown, shouldBe: unknown): void => {
      const [one, other] = [is, shouldBe].map((value) => JSON.stringify(value));
      if (one !== other) lines.push(`${JSON.stringify(path)}: ${fact} is ${one}, should be ${other}`);
    };
    for (const fact of COMPARED) differ(fact, found[fact], wanted[fact]);
    const isTimed = since === undefined || BigInt(wanted.mtime) < since;
    if (isTimed && !holdsMountPoints.has(path)) differ('mtime', found.mtime, wanted.mtime);
  }
  return lines;
}
