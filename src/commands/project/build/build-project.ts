import { surveyHost } from '../../../host/survey.ts';
import { lockToAdd } from '../../../image/install/lock.ts';
import { startSealer } from '../../../image/pack/client.ts';
import { currentDirectory } from '../../../linux/proc-self.ts';
import { writeCache } from '../../../project/cache/cache.ts';
import { expectProject } from '../../../project/find.ts';
import { imageHost } from '../../../sandbox/images.ts';
import { note, print } from '../../../ui/output.ts';
import { interruptible } from '../../image/interrupted.ts';
import { isFrozen } from '../prepare.ts';
import { type PreparedAnew, prepareAnew } from '../prepare-anew.ts';

export interface BuildOptions {
  readonly frozen: boolean;
  readonly quiet: boolean;
  readonly progress: 'auto' | 'plain' | undefined;
  readonly noCache: boolean;
  readonly cacheFrom: string | undefined;
  readonly cacheTo: string | undefined;
  readonly json: boolean;
}

/** Builds environments of the project here and says how. Gives the exit status. */
export async function buildProject(names: readonly string[], options: BuildOptions): Promise<number> {
  const directory = expectProject(currentDirectory());
  const frozen = isFrozen(options.frozen ? true : undefined);
  const { quiet, noCache, cacheFrom, cacheTo, json } = options;
  const prepared: PreparedAnew[] = [];
  for (const environment of names) {
    const made = await prepareAnew({
      directory,
      environment,
      frozen,
      quiet,
      noCache,
      plain: options.progress === 'plain',
      reused: true,
      ...(cacheFrom === undefined ? {} : { cacheFrom }),
    });
    prepared.push(made);
    if (!quiet && !json) print(`${environment}: ${summary(made)}\n`);
  }
  if (cacheTo !== undefined) await exportTo(cacheTo, prepared);
  if (json) print(`${JSON.stringify({ environments: prepared.map(asJson) }, null, 2)}\n`);
  return 0;
}

function summary({ built }: PreparedAnew): string {
  if (built === undefined) return "nothing to build: it is this machine's own system";
  const { steps } = built;
  if (steps.length === 0) return 'built: the image alone';
  const counted = (['built', 'imported', 'reused'] as const).flatMap((origin) => {
    const count = steps.filter((step) => step.origin === origin).length;
    return count === 0 ? [] : [`${count} ${origin === 'imported' ? 'from the cache' : origin}`];
  });
  return `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}: ${counted.join(', ')}`;
}

function asJson({ environment, built, base }: PreparedAnew): unknown {
  return {
    name: environment.name,
    ...(base === undefined ? {} : { image: base.name, manifest: base.manifest, platform: base.platform }),
    steps: (built?.steps ?? []).map(({ step, key, recipe, inputs, diffId, origin, milliseconds, bytes }) => ({
      number: step.number,
      name: step.name,
      origin,
      milliseconds,
      key,
      recipe,
      ...(inputs === undefined ? {} : { inputs }),
      diffId,
      bytes,
    })),
  };
}

async function exportTo(path: string, prepared: readonly PreparedAnew[]): Promise<void> {
  const host = imageHost(surveyHost());
  await interruptible(async (signal) => {
    const lock = await lockToAdd(host.store, { note }, signal);
    const sealer = startSealer(host);
    try {
      const environments = prepared.flatMap(({ project, environment, built, base }) => {
        if (built === undefined || base === undefined) return [];
        const layers = built.steps.map(({ step, key, diffId, tree, bytes }) => {
          return { key, name: step.name, diffId, tree, bytes };
        });
        return [{ project: project.name, environment: environment.name, base, layers }];
      });
      await writeCache(path, environments, { host, sealer, signal });
    } finally {
      await sealer.close();
      lock.release();
    }
  });
}
