import { surveyHost } from '../../host/survey.ts';
import { ownBuild } from '../../linux/own-build.ts';
import { buildEnvironment } from '../../project/build/build.ts';
import { cacheParts } from '../../project/build/caches.ts';
import type { BuiltEnvironment } from '../../project/build/model.ts';
import { LOCAL_FILE, LOCK_FILE, PROJECT_FILE } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { type Lock, readLock, writeLock } from '../../project/lock/lock.ts';
import { expectedResult, isLocked, withEnvironment } from '../../project/lock/steps.ts';
import type { Environment, Project } from '../../project/model.ts';
import { readyEnvironment } from '../../project/ready.ts';
import { type ReadyEnvironment, writeRecord } from '../../project/record.ts';
import { stampOf } from '../../project/stamp.ts';
import { note } from '../../ui/output.ts';
import { interruptible } from '../image/interrupted.ts';
import { baseImage } from './base-image.ts';
import { buildProgress } from './build-progress.ts';
import { environmentOf } from './environment.ts';
import { expectTrust } from './expect-trust.ts';
import type { Preparation } from './prepare.ts';
import { projectVolumes } from './volumes.ts';

/** As `prepare`, from the project's files. */
export async function prepareAnew(wishes: Preparation & { readonly frozen: boolean }): Promise<ReadyEnvironment> {
  const taken = Date.now();
  const { directory, frozen } = wishes;
  const files = [PROJECT_FILE, LOCAL_FILE].map((name) => stampOf(`${directory}/${name}`));
  const project = await loadProject(directory);
  const environment = environmentOf(project, wishes.environment);
  const facts = surveyHost();
  const trust = await expectTrust(project, environment, facts);
  const { root, built, locked } = await rootOf(project, environment, wishes);
  const ready = readyEnvironment(project, environment, {
    root,
    volumes: projectVolumes(project, environment, facts.home),
    caches: cacheParts(environment.caches, { store: facts.store, directory, shared: trust !== undefined }),
  });
  if (wishes.until === undefined) {
    const stamps = [...files, stampOf(`${directory}/${LOCK_FILE}`), ...(built?.stamps ?? [])];
    writeRecord(facts.store, { build: ownBuild(), taken, stamps, locked: locked || frozen, trust, ready });
  }
  return ready;
}

interface RootOfProject {
  readonly root: ReadyEnvironment['root'];
  readonly built?: BuiltEnvironment;
  readonly locked: boolean;
}

async function rootOf(
  project: Project,
  environment: Environment,
  wishes: Preparation & { readonly frozen: boolean },
): Promise<RootOfProject> {
  if (environment.image === 'host') return { root: { kind: 'host' }, locked: true };
  const { frozen, quiet, until, cacheFrom } = wishes;
  const lock = await readLock(project.directory);
  const { base, locked } = await baseImage(environment.image, { lock, frozen, quiet, update: false });
  const progress = buildProgress({ quiet });
  const built = await interruptible(
    async (signal) =>
      await buildEnvironment({
        facts: surveyHost(),
        project,
        environment,
        base,
        results: 'reuse',
        ...(until === undefined ? {} : { until }),
        ...(cacheFrom === undefined ? {} : { cacheFrom }),
        expected: expectedResult(lock, environment, base.platform, { frozen }),
        events: progress.events,
        signal,
      }),
  ).finally(progress.end);
  const root = { kind: 'image', name: base.name, manifest: base.manifest, layers: built.layers } as const;
  if (until !== undefined) return { root, built, locked: false };
  const next: Lock = withEnvironment(lock, { environment, locked, built, platform: base.platform });
  const agrees = isLocked(lock, next);
  if (!agrees && !frozen) {
    await writeLock(project.directory, next);
    note('sandbox.lock is up to date now');
  }
  return { root, built, locked: agrees || !frozen };
}
