import type { HostFacts } from '../../host/facts.ts';
import type { LocalImage } from '../../image/local.ts';
import type { Platform, Reference } from '../../image/model.ts';
import type { PullPolicy } from '../../image/pull.ts';
import { formatReference } from '../../image/reference.ts';
import { startPullProgress } from '../../ui/progress/pull-progress.ts';
import { interruptible } from './interrupted.ts';

interface ShownPull {
  readonly reference: Reference;
  readonly platform: Platform;
  readonly policy: PullPolicy;
  readonly quiet: boolean;
  readonly facts: HostFacts;
}

/**
 * Pulls an image, shows how far that is on standard error, and lets Ctrl-C end it. Throws an ImageError, a StoreError or
 * PullInterrupted.
 */
export async function pullWithProgress({ reference, platform, policy, quiet, facts }: ShownPull): Promise<LocalImage> {
  const [{ pullImage }, { imageHost }] = await Promise.all([
    import('../../image/pull.ts'),
    import('../../sandbox/images.ts'),
  ]);
  const progress = startPullProgress(formatReference(reference), { quiet });
  const host = imageHost(facts);
  const { env: environment } = process;
  let outcome: 'pulled' | 'failed' = 'failed';
  try {
    const { events } = progress;
    const image = await interruptible(
      async (signal) => await pullImage({ reference, platform, policy, environment, host, events, signal }),
    );
    outcome = 'pulled';
    return image;
  } finally {
    progress.end(outcome);
  }
}
