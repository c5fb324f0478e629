import { surveyHost } from '../../host/survey.ts';
import { hostPlatform, parsePlatform } from '../../image/platform.ts';
import { digestParts } from '../../store/digest.ts';
import { referencesOf } from '../../store/references.ts';
import { print } from '../../ui/output.ts';
import { reportFailure } from '../../ui/report.ts';
import { referenceTo } from '../spec/find-image.ts';
import { PullInterrupted } from './interrupted.ts';
import { pullWithProgress } from './pull-with-progress.ts';

interface PullOptions {
  readonly platform: string | undefined;
  readonly quiet: boolean;
}

/** Pulls one image after the other and prints their ids; a failure is told and does not keep the others from being pulled. */
export async function pullImages(unsafeNames: readonly string[], { platform, quiet }: PullOptions): Promise<number> {
  const facts = surveyHost();
  const wanted = platform === undefined ? hostPlatform(facts.arch) : parsePlatform(platform);
  let status = 0;
  for (const unsafeName of unsafeNames) {
    try {
      const reference = await referenceTo(unsafeName);
      const image = await pullWithProgress({ reference, platform: wanted, policy: 'always', quiet, facts });
      const [, config = image.manifest] = referencesOf(facts.store, image.manifest).blobs;
      print(`${digestParts(config).hex}\n`);
    } catch (error) {
      if (error instanceof PullInterrupted) return error.status;
      reportFailure(error);
      status = 125;
    }
  }
  return status;
}
