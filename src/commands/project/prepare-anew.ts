import { configPath } from '../../config/load.ts';
import { surveyHost } from '../../host/survey.ts';
import { ownBuild } from '../../linux/own-build.ts';
import { buildEnvironment } from '../../project/build/build.ts';
import { cacheParts } from '../../project/build/caches.ts';
import type { BaseImage, BuiltEnvironment, StepSurroundings } from '../../project/build/model.ts';
import { LOCAL_FILE, LOCK_FILE, PROJECT_FILE } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { readLock, writeLock } from '../../project/lock/lock.ts';
import {
  differingSteps,
  expectedResult,
  expectSameResults,
  isLocked,
  withEnvironment,
} from '../../project/lock/steps.ts';
import type { Environment, Project } from '../../project/model.ts';
import { readyEnvironment } from '../../project/ready.ts';
import { type ReadyEnvironment, writeRecord } from '../../project/record.ts';
import { isUnchanged, stampOf } from '../../project/stamp.ts';
import { note } from '../../ui/output.ts';
import { interruptible } from '../image/interrupted.ts';
import { baseImage, hasComparableLayers } from './build/base-image.ts';
import { buildProgress } from './build/progress.ts';
import { environmentOf } from './environment.ts';
import type { Preparation } from './prepare.ts';
import { expectTrust } from './trust/expect-trust.ts';
import { projectVolumes } from './trust/volumes.ts';

/** What the command `build` wishes besides. */
export interface AnewWishes extends Preparation {
  readonly frozen: boolean;
  /** Results that are there do not count. */
  readonly noCache?: boolean;
  /** Show all output of steps. */
  readonly plain?: boolean;
  /** Show steps that were there already. */
  readonly reused?: boolean;
}

/** An environment that was looked at from the project's files on. */
export interface PreparedAnew {
  readonly ready: ReadyEnvironment;
  readonly project: Project;
  readonly environment: Environment;
  /** Undefined: the host. */
  readonly built?: BuiltEnvironment;
  readonly base?: BaseImage;
  /** The project is trusted: its caches are those of all such projects. */
  readonly shared: boolean;
}

const NOT_COMPARABLE =
  ", but for the results of steps: you have no subordinate ids, so all files are root's here, and the layers are not those of others";

/** As `prepare`, from the project's files. */
export async function prepareAnew(wishes: AnewWishes): Promise<PreparedAnew> {
  const taken = Date.now();
  const { directory, frozen } = wishes;
  // What the configuration says about this directory decides on trust too (demands.ts), and on names of images.
  const own = [PROJECT_FILE, LOCAL_FILE].map((name) => `${directory}/${name}`);
  const files = [...own, configPath(process.env)].map(stampOf);
  const project = await loadProject(directory);
  const environment = environmentOf(project, wishes.environment);
  const facts = surveyHost();
  const trust = await expectTrust(project, environment, facts);
  const shared = trust !== undefined;
  const { root, built, base, locked, wrote } = await rootOf(project, environment, { ...wishes, shared });
  const variables = base?.defaults.env ?? [];
  const found = readyEnvironment(project, environment, {
    root,
    home: facts.home,
    volumes: projectVolumes(project, environment, facts),
    caches: cacheParts(environment.caches, { store: facts.store, directory, shared, variables }),
  });
  const ready = built?.next === undefined ? found : atStep(found, built.next);
  if (wishes.until === undefined) {
    const seen = [...files, ...(built?.stamps ?? [])];
    const stamps = [...seen, stampOf(`${directory}/${LOCK_FILE}`)];
    const known = wrote && isUnchanged(seen, taken) ? await afterLock(directory) : taken;
    writeRecord(facts.store, { build: ownBuild(), taken: known, stamps, locked: locked || frozen, trust, ready });
  }
  return { ready, project, environment, shared, ...(built && { built }), ...(base && { base }) };
}

/**
 * A lock that was written just now looks as if it might still change (stamp.ts): what is remembered is to be good for the next
 * start all the same. Gives a time at which nothing had changed yet; `seen` was looked at after the lock was written.
 */
async function afterLock(directory: string): Promise<number> {
  const written = Number(BigInt(stampOf(`${directory}/${LOCK_FILE}`).state.split(' ')[3] ?? '0') / 1_000_000n);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, Math.min(100, written + 60 - Date.now()))));
  return Date.now();
}

/** The environment before a step, with what that finds besides. */
function atStep(ready: ReadyEnvironment, { volumes, variables, workdir }: StepSurroundings): ReadyEnvironment {
  return {
    ...ready,
    volumes: [...ready.volumes, ...volumes],
    variables: [...ready.variables, ...variables],
    workdir,
  };
}

interface RootOfProject {
  readonly root: ReadyEnvironment['root'];
  readonly built?: BuiltEnvironment;
  readonly base?: BaseImage;
  readonly locked: boolean;
  /** sandbox.lock was written. */
  readonly wrote: boolean;
}

async function rootOf(
  project: Project,
  environment: Environment,
  wishes: AnewWishes & { readonly shared: boolean },
): Promise<RootOfProject> {
  if (environment.image === 'host') return { root: { kind: 'host' }, locked: true, wrote: false };
  const { frozen, quiet, until, cacheFrom, noCache = false, plain = false, reused = false, shared } = wishes;
  const lock = await readLock(project.directory);
  const { base, locked } = await baseImage(environment.image, { lock, frozen, quiet, update: false });
  const comparable = hasComparableLayers(surveyHost());
  const progress = buildProgress({ quiet, plain, reused });
  const built = await interruptible(
    async (signal) =>
      await buildEnvironment({
        facts: surveyHost(),
        project,
        environment,
        base,
        results: noCache ? 'anew' : 'reuse',
        sharedCaches: shared,
        ...(until === undefined ? {} : { until }),
        ...(cacheFrom === undefined ? {} : { cacheFrom }),
        expected: expectedResult(lock, environment, base.platform, { frozen, comparable }),
        frozen,
        events: progress.events,
        signal,
      }),
  ).finally(progress.end);
  const root = { kind: 'image', name: base.name, manifest: base.manifest, layers: built.layers } as const;
  if (until !== undefined) return { root, built, base, locked: false, wrote: false };
  const { environments } = project;
  const { platform } = base;
  const now = { environments, environment, locked, built, platform, comparable, results: 'keep' } as const;
  if (frozen) {
    expectSameResults(lock, now);
    return { root, built, base, locked: true, wrote: false };
  }
  // Another environment may have been built meanwhile.
  const current = await readLock(project.directory);
  const differing = differingSteps(current, now);
  for (const line of differing) note(`${line}: \`sandbox verify\` tells why, \`sandbox lock\` takes the new one`);
  const next = withEnvironment(current, now);
  const wrote = !isLocked(current, next);
  if (wrote) {
    await writeLock(project.directory, next);
    note(`sandbox.lock is up to date now${comparable || built.steps.length === 0 ? '' : NOT_COMPARABLE}`);
  }
  return { root, built, base, locked: differing.length === 0, wrote };
}
