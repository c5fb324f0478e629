import type { Digest } from '../../store/digest.ts';
import { type LayerContext, type LayerOutcome, type LayerPosition, obtainLayer, placeLayer } from './layer.ts';
import { Slots } from './slots.ts';

/** Layers that are downloaded and unpacked at a time. */
const AT_A_TIME = 4;

export interface ObtainedLayers {
  /** Uppermost first; a layer that occurs twice counts where it is uppermost. */
  readonly trees: readonly string[];
  /** Those that were not there before. */
  readonly fresh: readonly string[];
}

/**
 * Brings all layers of an image into the store, side by side. They are unpacked independently of each other; what depends on
 * the layers below is settled in order. When one fails, so does the whole: the others are stopped, and what they have
 * downloaded stays for the next time. Throws the first failure.
 */
export async function obtainLayers(
  context: LayerContext,
  positions: readonly LayerPosition[],
): Promise<ObtainedLayers> {
  const stop = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  const slots = new Slots(AT_A_TIME);
  let failure: unknown;
  const obtain = (position: LayerPosition): Promise<LayerOutcome> => {
    const { digest, size } = position.descriptor;
    context.events.layer({ digest, size, state: 'waiting', downloaded: 0, unpacked: 0 });
    const outcome = slots.run(async () => {
      inner.signal.throwIfAborted();
      return await obtainLayer(inner, position);
    });
    outcome.catch((error: unknown) => {
      failure ??= error;
      stop.abort();
    });
    return outcome;
  };
  const outcomes = new Map<Digest, Promise<LayerOutcome>>();
  for (const position of positions) if (!outcomes.has(position.diffId)) outcomes.set(position.diffId, obtain(position));

  const trees: string[] = [];
  const fresh: string[] = [];
  try {
    for (const position of positions) {
      // Where the same layer occurs again, but relies on what lies below it, it is another one.
      const outcome = await (outcomes.get(position.diffId) ?? obtain(position));
      const tree = outcome.kind === 'placed' ? outcome.tree : await settle(inner, position, outcome, trees);
      if (outcome.kind === 'relying') outcomes.delete(position.diffId);
      if (outcome.kind === 'relying' || outcome.fresh) fresh.push(tree);
      trees.push(tree);
    }
  } catch (error) {
    stop.abort();
    for (const outcome of await Promise.allSettled(outcomes.values())) {
      if (outcome.status !== 'fulfilled' || outcome.value.kind !== 'relying') continue;
      outcome.value.work.release();
      await context.discard(outcome.value.work.path);
    }
    throw failure ?? error;
  }
  return { trees: [...new Set(trees.reverse())], fresh };
}

/** Completes a layer by what lies below it, and keeps it under the name of the whole chain. */
async function settle(
  context: LayerContext,
  position: LayerPosition,
  outcome: Extract<LayerOutcome, { kind: 'relying' }>,
  below: readonly string[],
): Promise<string> {
  await context.unpacker.settle({ target: `${outcome.work.path}/tree`, lower: [...below].reverse() });
  return placeLayer(context, position, outcome);
}
