import type { Digest } from '../../store/digest.ts';
import { commitLayer, newWork } from '../../store/layer-work.ts';
import { findLayer, layerKey, layerName } from '../../store/layers.ts';
import type { ImageHost } from '../host.ts';
import type { Sealer } from './client.ts';
import type { SealRequest } from './messages.ts';

/** What is to become a layer: SealRequest. */
export type StepResult = Omit<SealRequest, 'target' | 'limit'> & {
  /** Largest size of the archive, bytes; 64 GiB, if left out, which is what unpacking takes by default too. */
  readonly limit?: number;
};

/** A step's layer in the store. */
export interface StepLayer {
  /** Path of its tree. */
  readonly tree: string;
  readonly diffId: Digest;
  /** Of the archive. */
  readonly bytes: number;
  /** It was not there before: `Sealer.sync` is to be given unsyncedMark(tree) at the end. */
  readonly fresh: boolean;
}

const LIMIT = 64 * 1024 ** 3;

/**
 * Makes a layer of what a step left in its upper directory, and puts it into the store; one of the same content that is there
 * already is taken, and the upper directory is thrown away. The caller keeps the store locked (`shared`). Rejects with an
 * ImageError or a StoreError; the upper directory is gone then too.
 */
export async function placeStepLayer(sealer: Sealer, host: ImageHost, result: StepResult): Promise<StepLayer> {
  const { store } = host;
  const key = layerKey(host.ids);
  const work = newWork(store);
  try {
    const sealed = await sealer.seal({ limit: LIMIT, ...result, target: `${work.path}/tree` });
    const { diffId, bytes, entries } = sealed;
    const there = findLayer(store, key, diffId, () => diffId);
    if (there !== undefined) {
      await host.discard(work.path);
      return { tree: there, diffId, bytes, fresh: false };
    }
    const record = { diffId, chainId: diffId, reliesOnLower: false, bytes, entries };
    return { tree: commitLayer(store, key, layerName({ diffId }), work.path, record), diffId, bytes, fresh: true };
  } catch (error) {
    await host.discard(work.path);
    throw error;
  } finally {
    work.release();
  }
}
