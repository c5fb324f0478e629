import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { AT } from '../../linux/constants/open.ts';
import { FileCalls, type FileStatus } from '../../linux/file-calls.ts';
import { isDirectory, isOpaque, isWhiteout } from '../../linux/overlay-form.ts';
import { fsPath, toLatin1 } from '../../linux/paths.ts';
import { RangeCalls } from '../../linux/range-calls.ts';
import { type Copy, copyEntry, copyMetadata, expectDone, namesIn, openDirectory } from './entry.ts';

/** A directory that is being merged: an explicit stack of them, since trees may be deeper than JavaScript's. */
interface Frame {
  /** Open directories of the layers that have it, uppermost first; closed with the frame. */
  readonly sources: readonly number[];
  readonly target: number;
  readonly path: string;
  /** Names that are left, each with the layer where it is uppermost. */
  readonly entries: Iterator<readonly [name: string, source: number]>;
}

/**
 * Copies what the overlay of `layers` (absolute paths, uppermost first) shows to a new directory at `target`: owners,
 * permissions, times, extended attributes, hard links and holes as they are; Documentation/filesystems/overlayfs.rst. It is
 * built aside, so that a copy that is there is whole, and is not made again. `sync`: it is on the disk after this.
 *
 * To run as uid 0 of the user namespace that the layers were unpacked in. Throws a HostError.
 */
export function copyLayers(target: string, layers: readonly string[], { sync }: { readonly sync: boolean }): void {
  if (existsSync(fsPath(target))) return;
  const aside = `${target}.part`;
  rmSync(fsPath(aside), { recursive: true, force: true });
  mkdirSync(fsPath(aside), { mode: 0o700 });
  process.umask(0);
  const files = new FileCalls();
  const open = (path: string): number => {
    const latin1 = toLatin1(path);
    return expectDone(openDirectory(files, AT.AT_FDCWD, latin1), 'open', latin1);
  };
  const root = open(aside);
  const sources = upToOpaque(files, layers.map(open));
  const copy: Copy = {
    files,
    ranges: new RangeCalls(),
    root,
    abilities: { clones: true, copies: true },
    links: new Map(),
  };
  mergeTree(copy, sources);
  if (sync) expectDone(files.syncfs(root), 'sync', toLatin1(target));
  files.close(root);
  renameSync(fsPath(aside), fsPath(target));
}

/** Layers below an opaque one do not count; theirs are closed. */
function upToOpaque(files: FileCalls, sources: readonly number[]): number[] {
  const counted: number[] = [];
  let covered = false;
  for (const source of sources) {
    if (covered) files.close(source);
    else counted.push(source);
    covered ||= isOpaque(files, source);
  }
  return counted;
}

function mergeTree(copy: Copy, sources: readonly number[]): void {
  const { files } = copy;
  const stack: Frame[] = [frame(sources, copy.root, '')];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.entries.next();
    if (next.done) {
      finish(copy, top);
      stack.pop();
      continue;
    }
    const [name, source] = next.value;
    const path = top.path === '' ? name : `${top.path}/${name}`;
    const status = statusOf(files, source, name, path);
    if (isWhiteout(status)) continue;
    if (isDirectory(status)) stack.push(descend(copy, top, name, source, path));
    else copyEntry(copy, source, top.target, name, status, path);
  }
}

function frame(sources: readonly number[], target: number, path: string): Frame {
  const uppermost = new Map<string, number>();
  for (const source of sources) {
    for (const name of namesIn(source)) if (!uppermost.has(name)) uppermost.set(name, source);
  }
  return { sources, target, path, entries: uppermost.entries() };
}

function statusOf(files: FileCalls, directory: number, name: string, path: string): FileStatus {
  const status = files.lstatat(directory, name);
  if (typeof status === 'number') expectDone(status, 'look at', path);
  return status as FileStatus;
}

/** The directories of all layers from `from` down, as far as they belong together: nothing else covers those below. */
function descend({ files }: Copy, parent: Frame, name: string, from: number, path: string): Frame {
  const sources: number[] = [];
  for (const source of parent.sources.slice(parent.sources.indexOf(from))) {
    const status = files.lstatat(source, name);
    if (typeof status === 'number') continue;
    if (!isDirectory(status)) break;
    const directory = expectDone(openDirectory(files, source, name), 'open', path);
    sources.push(directory);
    if (isOpaque(files, directory)) break;
  }
  expectDone(files.mkdirat(parent.target, name, 0o700), 'make the copy of', path);
  return frame(sources, expectDone(openDirectory(files, parent.target, name), 'open', path), path);
}

/** The uppermost layer says whose a directory is, and when it was changed: last of all, since its entries changed it. */
function finish(copy: Copy, { sources, target, path }: Frame): void {
  const { files } = copy;
  const [uppermost] = sources;
  if (uppermost !== undefined) copyMetadata(copy, uppermost, target, statusOf(files, uppermost, '', path), path);
  for (const source of sources) files.close(source);
  if (target !== copy.root) files.close(target);
}
