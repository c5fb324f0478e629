import { blobPath, hasBlob } from '../../store/blobs.ts';
import type { Digest } from '../../store/digest.ts';
import { commitLayer, type LayerWork, newWork } from '../../store/layer-work.ts';
import { findLayer, layerName } from '../../store/layers.ts';
import { commitPartial, lockPartial, type PartialLock } from '../../store/partials.ts';
import type { Descriptor, LayerDescriptor } from '../model.ts';
import type { Unpacked, Unpacker } from '../unpack/client.ts';
import type { InstallEvents, LayerEvent } from './events.ts';

/** A layer, and where in the image it lies. */
export interface LayerPosition {
  readonly descriptor: LayerDescriptor;
  readonly diffId: Digest;
  readonly chainId: Digest;
}

/** Where a download goes, and who is told of it. */
export interface DownloadSink {
  /** A file that may hold the beginning already. */
  readonly path: string;
  readonly onBytes: (onDisk: number) => void;
  /** What was there is thrown away. */
  readonly onReset: () => void;
  readonly signal: AbortSignal;
}

/** Downloads a blob to a partial file and verifies it. */
export type DownloadBlob = (descriptor: Descriptor, sink: DownloadSink) => Promise<void>;

export interface LayerContext {
  readonly store: string;
  /** Of the id mapping: store/layers.ts. */
  readonly key: string;
  readonly unpacker: Unpacker;
  /** Largest size of one unpacked layer, bytes. */
  readonly limit: number;
  /** Undefined where every blob is to be in the store already. */
  readonly download: DownloadBlob | undefined;
  readonly events: InstallEvents;
  readonly signal: AbortSignal;
  /** Removes what was unpacked and is not wanted. */
  readonly discard: (path: string) => Promise<void>;
}

export type LayerOutcome =
  /** It is in the store. */
  | { readonly kind: 'placed'; readonly tree: string; readonly fresh: boolean }
  /** It is unpacked, but what it is depends on the layers below it. */
  | { readonly kind: 'relying'; readonly work: LayerWork; readonly unpacked: Unpacked };

/** Brings one layer into the store: downloads what is missing, and unpacks it meanwhile. */
export async function obtainLayer(context: LayerContext, position: LayerPosition): Promise<LayerOutcome> {
  const { store, key } = context;
  const { descriptor, diffId, chainId } = position;
  const report = reporter(context.events, descriptor);
  const lock = hasBlob(store, descriptor) ? undefined : await lockBlob(context, descriptor);
  try {
    // Looked at after the wait for the lock: another process may have brought it.
    const tree = findLayer(store, key, diffId, () => chainId);
    if (tree !== undefined) {
      if (lock !== undefined) await downloadOnly(context, descriptor, lock, report);
      report('present', descriptor.size, descriptor.size);
      return { kind: 'placed', tree, fresh: false };
    }
    const work = newWork(store);
    try {
      const unpacked = await unpack(context, position, { work, lock, report });
      report('done', descriptor.size, descriptor.size);
      if (unpacked.reliesOnLower) return { kind: 'relying', work, unpacked };
      return { kind: 'placed', tree: placeLayer(context, position, { work, unpacked }), fresh: true };
    } catch (error) {
      work.release();
      await context.discard(work.path);
      throw error;
    }
  } finally {
    lock?.release();
  }
}

/** Puts an unpacked layer into its place in the store and gives the path of its tree. */
export function placeLayer(
  { store, key }: LayerContext,
  { diffId, chainId }: LayerPosition,
  { work, unpacked }: { readonly work: LayerWork; readonly unpacked: Unpacked },
): string {
  const { reliesOnLower, bytes, entries } = unpacked;
  const name = layerName(reliesOnLower ? { chainId } : { diffId });
  const tree = commitLayer(store, key, name, work.path, { diffId, chainId, reliesOnLower, bytes, entries });
  work.release();
  return tree;
}

async function lockBlob({ store, events, signal }: LayerContext, descriptor: Descriptor) {
  return await lockPartial(store, descriptor, {
    signal,
    onWait: () => events.note(`waiting for another process that downloads ${descriptor.digest}`),
  });
}

async function downloadOnly(
  { store, download, signal }: LayerContext,
  descriptor: Descriptor,
  { path }: PartialLock,
  report: Report,
): Promise<void> {
  if (download === undefined) return;
  await download(descriptor, {
    path,
    signal,
    onBytes: (bytes) => report('downloading', bytes, bytes),
    onReset: () => report('downloading', 0, 0),
  });
  await commitPartial(store, descriptor.digest, { durable: 'later' });
}

interface UnpackParts {
  readonly work: LayerWork;
  /** Held while the blob is not complete. */
  readonly lock: PartialLock | undefined;
  readonly report: Report;
}

async function unpack(context: LayerContext, position: LayerPosition, parts: UnpackParts): Promise<Unpacked> {
  const { store, unpacker, limit, download, signal } = context;
  const { descriptor, diffId } = position;
  const { work, lock, report } = parts;
  const whole = lock === undefined || download === undefined;
  let downloaded = whole ? descriptor.size : 0;
  let read = 0;
  const task = unpacker.unpack({
    source: whole ? blobPath(store, descriptor.digest) : lock.path,
    size: descriptor.size,
    available: downloaded,
    compression: descriptor.compression,
    diffId,
    target: `${work.path}/tree`,
    limit,
    onProgress: (bytes) => {
      read = bytes;
      report(downloaded < descriptor.size ? 'downloading' : 'unpacking', downloaded, read);
    },
  });
  const stop = (): void => task.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    if (whole) return await task.result;
    const downloading = download(descriptor, {
      path: lock.path,
      signal,
      onBytes: (bytes) => {
        downloaded = bytes;
        task.grown(bytes);
        report('downloading', downloaded, read);
      },
      onReset: () => {
        downloaded = 0;
        read = 0;
        task.restarted();
      },
    });
    downloading.catch(stop);
    // What is wrong with the bytes is said best by their digest: it is waited for, even if unpacking failed on them.
    const [download_, unpacked] = await Promise.allSettled([downloading, task.result]);
    if (download_.status === 'rejected') throw download_.reason;
    // The unpacker has opened the partial file by now, which loses its name here.
    await commitPartial(store, descriptor.digest, { durable: 'later' });
    if (unpacked.status === 'rejected') throw unpacked.reason;
    return unpacked.value;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

type Report = (state: LayerEvent['state'], downloaded: number, unpacked: number) => void;

function reporter(events: InstallEvents, { digest, size }: Descriptor): Report {
  return (state, downloaded, unpacked) => events.layer({ digest, size, state, downloaded, unpacked });
}
