import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { archiveChunks } from '../../../../src/image/pack/archive.ts';
import { scanTree } from '../../../../src/image/pack/scan.ts';
import { seal } from '../../../../src/image/pack/serve.ts';
import { TarReader } from '../../../../src/image/unpack/tar/reader.ts';
import { TreeWriter } from '../../../../src/image/unpack/tree/writer.ts';
import { FileCalls } from '../../../../src/linux/file-calls.ts';
import { CANNOT_RUN_HERE } from '../../../packages.ts';
import { TEST_BASE } from '../../../support/base.ts';

/** Overlays are mounted, and files given away, by the test itself. */
export const NEEDS_ROOT = process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}needs root`;

export const calls = new FileCalls();
/** Of the layers of these tests: 2024-01-01. */
export const EPOCH = 1_704_067_200;

/** A directory for one test, on a real disk. */
export function place(t: TestContext): string {
  mkdirSync(TEST_BASE, { recursive: true });
  const path = mkdtempSync(`${TEST_BASE}/pack-`);
  chmodSync(path, 0o755);
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function shell(directory: string, script: string): string {
  return execFileSync('sh', ['-euc', script], { cwd: directory, encoding: 'utf8' });
}

/** Runs a script in an overlay as sandboxes have it; gives its upper directory. `lowers`: uppermost first. */
export function upperOf(path: string, name: string, lowers: readonly string[], script: string): string {
  const at = `${path}/${name}`;
  for (const directory of ['', '/upper', '/work', '/merged']) mkdirSync(at + directory);
  const options = `userxattr,lowerdir=${lowers.join(':')},upperdir=${at}/upper,workdir=${at}/work`;
  const mounted = 'mount -t overlay -o "$1" overlay "$2" && cd "$2" && exec sh -euc "$3"';
  execFileSync('unshare', ['-m', 'sh', '-euc', mounted, 'sh', options, `${at}/merged`, script], { encoding: 'utf8' });
  return `${at}/upper`;
}

export interface SealedTree {
  readonly tree: string;
  readonly diffId: string;
  readonly entries: number;
}

/** Seals an upper directory to `PATH/NAME`. */
export function sealed(
  path: string,
  name: string,
  { upper, lowers = [], ownPlaces = [] }: { upper: string; lowers?: string[]; ownPlaces?: string[] },
): SealedTree {
  const tree = `${path}/${name}`;
  const limit = 2 ** 40;
  const { diffId, entries } = seal(calls, { upper, lowers, ownPlaces, epoch: EPOCH, target: tree, limit });
  return { tree, diffId, entries };
}

/** The whole archive of a tree. */
export function archiveOf(tree: string): Buffer {
  const root = openSync(tree, 'r');
  try {
    const options = { calls, root, limit: 2 ** 40 };
    return Buffer.concat([...archiveChunks(scanTree(calls, root), options)].map((chunk) => Buffer.from(chunk)));
  } finally {
    closeSync(root);
  }
}

/** As archiveOf, without keeping it. */
export function digestOfArchive(tree: string): string {
  return `sha256:${createHash('sha256').update(archiveOf(tree)).digest('hex')}`;
}

/** Unpacks an archive with our own unpacker to a new directory; gives what its tree still needs of others. */
export function unpacked(archive: Buffer, directory: string): readonly string[] {
  mkdirSync(directory, { mode: 0o755 });
  chmodSync(directory, 0o755);
  const root = openSync(directory, 'r');
  const umask = process.umask(0);
  const writer = new TreeWriter(calls, root, { owners: 'kept', mostEntries: 100_000 });
  try {
    const reader = new TarReader(writer);
    reader.push(archive);
    reader.end();
    return writer.complete().implied;
  } finally {
    process.umask(umask);
    writer.dispose();
    closeSync(root);
  }
}
