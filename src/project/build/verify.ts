import type { TreeDifference } from '../../image/pack/messages.ts';
import type { Digest } from '../../store/digest.ts';
import { newWork } from '../../store/layer-work.ts';
import type { Step } from '../model.ts';
import { copyInputs } from './input-content.ts';
import { findInputs } from './inputs.ts';
import type { BuildRequest, BuiltEnvironment } from './model.ts';
import { BuildSession } from './session.ts';
import { epochOf, runStepScript } from './step-sandbox.ts';

/** How a step's result compares with the one that is stored. */
export interface VerifiedStep {
  readonly step: Step;
  readonly stored: Digest;
  readonly again: Digest;
  /** In what they differ: the first of the paths, and how many there are. */
  readonly differences: readonly TreeDifference[];
  readonly count: number;
}

const LIMIT = 64 * 1024 ** 3;

/**
 * Runs all steps of an environment once more, each on what is stored of those before it, and compares. Nothing of it is kept.
 * Throws what buildEnvironment throws.
 */
export async function verifyEnvironment(
  request: BuildRequest,
  { steps }: BuiltEnvironment,
  onStep: (verified: VerifiedStep) => void,
): Promise<void> {
  const { base, project, environment, events } = request;
  const of = environment.steps.length;
  const epoch = epochOf(base);
  const session = await BuildSession.open(request);
  let layers = base.layers;
  try {
    const sealer = session.sealer();
    for (const built of steps) {
      const { step, tree, diffId } = built;
      request.signal?.throwIfAborted();
      if (!step.reproducible) {
        layers = [tree, ...layers.filter((each) => each !== tree)];
        continue;
      }
      events.step({ kind: 'started', step, of });
      session.clear();
      const { inputs } = findInputs(project.directory, step.inputs);
      copyInputs(project.directory, inputs, { target: `${session.directory.path}/inputs`, epoch });
      const { upper, ownPlaces } = await runStepScript(session, { request, step, of, layers });
      const work = newWork(request.facts.store);
      try {
        const target = `${work.path}/tree`;
        const sealed = await sealer.seal({ upper, lowers: layers, ownPlaces, epoch, target, limit: LIMIT });
        const isSame = sealed.diffId === diffId;
        const { differences, count } = isSame ? NOTHING : await sealer.compare({ a: tree, b: target });
        onStep({ step, stored: diffId, again: sealed.diffId, differences, count });
      } finally {
        await session.host.discard(work.path);
        work.release();
      }
      layers = [tree, ...layers.filter((each) => each !== tree)];
    }
  } finally {
    await session.close();
  }
}

const NOTHING = { differences: [], count: 0 } as const;
