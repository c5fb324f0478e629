import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { fromLatin1 } from '../../linux/paths.ts';
import type { Xattr } from '../unpack/tar/entry.ts';
import { keptXattrs } from './attributes.ts';
import { firstDifference } from './content.ts';
import type { Aspect, Comparison, TreeDifference } from './messages.ts';
import { openFileBelow } from './open.ts';
import { type PackEntry, scanTree } from './scan.ts';

/** More than anybody reads. */
const MOST_DIFFERENCES = 1000;
const PERMISSIONS = 0o7777;

/** Gives the paths in which the archives of two trees differ, whose roots are open. Throws an ImageError. */
export function compareTrees(calls: FileCalls, a: number, b: number): Comparison {
  const first = byPlace(scanTree(calls, a));
  const second = byPlace(scanTree(calls, b));
  const all: TreeDifference[] = [];
  for (const [place, entry] of first) {
    const other = second.get(place);
    if (other === undefined) all.push({ path: shown(entry), aspect: 'missing', a: kindText(entry) });
    else all.push(...differences(calls, { root: a, entry }, { root: b, entry: other }));
  }
  for (const [place, entry] of second)
    if (!first.has(place)) all.push({ path: shown(entry), aspect: 'added', b: kindText(entry) });
  all.sort((x, y) => (x.path < y.path ? -1 : x.path > y.path ? 1 : 0));
  return { differences: all.slice(0, MOST_DIFFERENCES), count: all.length };
}

/** A directory's mark is no entry of the same path as the directory. */
function byPlace(entries: readonly PackEntry[]): Map<string, PackEntry> {
  return new Map(entries.map((entry) => [entry.kind === 'opaque' ? `${entry.path}/.` : entry.path, entry]));
}

const shown = ({ path }: PackEntry): string => fromLatin1(path);

interface Side {
  readonly root: number;
  readonly entry: PackEntry;
}

function* differences(calls: FileCalls, a: Side, b: Side): Generator<TreeDifference> {
  const path = shown(a.entry);
  const differ = (aspect: Aspect, x: string, y: string): TreeDifference[] =>
    x === y ? [] : [{ path, aspect, a: x, b: y }];
  if (a.entry.kind !== b.entry.kind) {
    yield* differ('kind', kindText(a.entry), kindText(b.entry));
    return;
  }
  if (a.entry.kind === 'whiteout' || b.entry.kind === 'whiteout') return;
  if (a.entry.kind === 'opaque' || b.entry.kind === 'opaque') return;
  if ('to' in a.entry && 'to' in b.entry) yield* differ('target', fromLatin1(a.entry.to), fromLatin1(b.entry.to));
  yield* differ('mode', modeText(a.entry.status), modeText(b.entry.status));
  yield* differ('owner', ownerText(a.entry.status), ownerText(b.entry.status));
  yield* differ('time', timeText(a.entry.status), timeText(b.entry.status));
  if (a.entry.kind === 'directory' && b.entry.kind === 'directory')
    yield* differ('xattr', xattrText(a.entry.xattrs), xattrText(b.entry.xattrs));
  if (a.entry.kind !== 'file' || b.entry.kind !== 'file') return;
  const first = openFileBelow(calls, a.root, a.entry.path, a.entry.status);
  try {
    const second = openFileBelow(calls, b.root, b.entry.path, b.entry.status);
    try {
      yield* differ('xattr', xattrsOf(calls, first, a.entry.path), xattrsOf(calls, second, b.entry.path));
      const sizes = [a.entry.status.size, b.entry.status.size] as const;
      if (sizes[0] !== sizes[1]) yield* differ('content', `${sizes[0]} bytes`, `${sizes[1]} bytes`);
      else {
        const at = firstDifference(first, second, a.entry.path);
        if (at !== undefined) yield { path, aspect: 'content', a: `${sizes[0]} bytes`, b: `from byte ${at + 1} on` };
      }
    } finally {
      calls.close(second);
    }
  } finally {
    calls.close(first);
  }
}

function kindText({ kind }: PackEntry): string {
  switch (kind) {
    case 'fifo':
      return 'FIFO';
    case 'symlink':
      return 'symbolic link';
    case 'hardlink':
      return 'hard link';
    case 'whiteout':
      return 'deleted';
    case 'opaque':
      return 'hides what is below';
    default:
      return kind;
  }
}

const modeText = ({ mode }: FileStatus): string => (mode & PERMISSIONS).toString(8).padStart(4, '0');
const ownerText = ({ uid, gid }: FileStatus): string => `${uid}:${gid}`;
const timeText = ({ seconds }: FileStatus): string => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace('.000Z', 'Z');
};

function xattrText(xattrs: readonly Xattr[]): string {
  if (xattrs.length === 0) return 'none';
  return xattrs.map(({ name, value }) => `${fromLatin1(name)}=${value.toString('hex')}`).join(' ');
}

function xattrsOf(calls: FileCalls, file: number, path: string): string {
  return xattrText(keptXattrs(calls, file, path));
}
