import { didYouMean } from '../../config/did-you-mean.ts';
import { surveyHost } from '../../host/survey.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { buildEnvironment } from '../../project/build/build.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { changesOf, type LockChange } from '../../project/lock/changes.ts';
import { type Lock, readLock, readLockToMend, writeLock } from '../../project/lock/lock.ts';
import { expectedResult, isLocked, pruned, withEnvironment } from '../../project/lock/steps.ts';
import type { Environment, Project } from '../../project/model.ts';
import { print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { interruptible } from '../image/interrupted.ts';
import { baseImage, hasComparableLayers } from '../project/build/base-image.ts';
import { buildProgress } from '../project/build/progress.ts';
import { expectTrust } from '../project/trust/expect-trust.ts';

export interface LockWishes {
  readonly update: boolean;
  /** Of `--update`: an image or an environment. */
  readonly only: string | undefined;
  readonly check: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** Writes sandbox.lock of the project here; gives the status. Throws what building does. */
export async function lockProject(wishes: LockWishes): Promise<number> {
  const directory = expectProject(currentDirectory());
  const project = await loadProject(directory);
  const updated = imagesToUpdate(project, wishes);
  const before = wishes.check ? await readLock(directory) : await readLockToMend(directory);
  const after = await completed(project, before, updated, wishes);
  const changes = changesOf(before, after);
  // A merge that was mended leaves another text, whatever it says.
  const isSame = isLocked(before, after);
  if (!wishes.check) await writeLock(directory, after);
  if (wishes.json) print(`${JSON.stringify({ changed: !isSame, changes }, null, 2)}\n`);
  else print(printable(text(changes, { isSame, ...wishes })));
  return wishes.check && !isSame ? 1 : 0;
}

function imagesToUpdate(project: Project, { update, only }: LockWishes): ReadonlySet<string> {
  const environments = [...project.environments.values()].filter(({ image }) => image !== 'host');
  const images = new Set(environments.map(({ image }) => image));
  if (!update) return new Set();
  if (only === undefined || images.has(only)) return only === undefined ? images : new Set([only]);
  const named = project.environments.get(only);
  if (named !== undefined && named.image !== 'host') return new Set([named.image]);
  if (named !== undefined) throw new ProjectError('UNKNOWN', `the environment ${only} has no image: it is the host`);
  const names = [...images, ...project.environments.keys()];
  const nearest = didYouMean(only, names);
  throw new ProjectError('UNKNOWN', `sandbox.toml has no image and no environment ${JSON.stringify(only)}`, {
    hint: nearest === undefined ? `it has ${names.join(', ')}` : `did you mean ${nearest}?`,
  });
}

/** Gives the lock with all environments in it, built one after the other. */
async function completed(
  project: Project,
  before: Lock,
  updated: ReadonlySet<string>,
  { quiet }: LockWishes,
): Promise<Lock> {
  let lock = pruned(before, project.environments);
  const asked = new Set<string>();
  for (const environment of project.environments.values()) {
    if (environment.image === 'host') continue;
    const update = updated.has(environment.image) && !asked.has(environment.image);
    asked.add(environment.image);
    lock = await withBuilt(project, environment, { lock, update, quiet });
  }
  return lock;
}

async function withBuilt(
  project: Project,
  environment: Environment,
  { lock, update, quiet }: { readonly lock: Lock; readonly update: boolean; readonly quiet: boolean },
): Promise<Lock> {
  const facts = surveyHost();
  const sharedCaches = (await expectTrust(project, environment, facts)) !== undefined;
  const { base, locked } = await baseImage(environment.image, { lock, frozen: false, quiet, update });
  const { platform } = base;
  const comparable = hasComparableLayers(facts);
  const progress = buildProgress({ quiet });
  const expected = expectedResult(lock, environment, platform, { frozen: false, comparable });
  const built = await interruptible(
    async (signal) =>
      await buildEnvironment({
        ...{ facts, project, environment, base, results: 'reuse', sharedCaches, expected, signal },
        events: progress.events,
      }),
  ).finally(progress.end);
  const { environments } = project;
  return withEnvironment(lock, { environments, environment, locked, built, platform, comparable, results: 'replace' });
}

function text(
  changes: readonly LockChange[],
  { isSame, check, quiet }: { readonly isSame: boolean; readonly check: boolean; readonly quiet: boolean },
): string {
  if (quiet) return '';
  if (isSame) return 'sandbox.lock is up to date\n';
  const lines = changes.map(({ what }) => `  ${what}\n`).join('');
  return `sandbox.lock ${check ? 'would change' : 'is written'}:\n${lines}`;
}
