import type { Digest } from '../../store/digest.ts';
import type { BuildRequest, BuiltEnvironment } from '../build/model.ts';
import { ProjectError } from '../error.ts';
import type { Environment } from '../model.ts';
import { formatLock } from './format.ts';
import type { Lock, LockedImage, LockedStep, PlatformText } from './lock.ts';

/** What is looked up in the lock, and how. */
export interface Expectation {
  /** What is not in the lock is refused. */
  readonly frozen: boolean;
  /**
   * Whether results are the same wherever they are made: not where the user has no subordinate ids, since all files belong to
   * root in those layers.
   */
  readonly comparable: boolean;
}

const HINT = 'run `sandbox lock` and commit sandbox.lock';

function frozen(environment: Environment, number: number, name: string, what: string, hint = HINT): ProjectError {
  return new ProjectError('FROZEN', `step ${number} (${name}) of the environment ${environment.name} ${what}`, {
    hint,
  });
}

/**
 * Gives what the build asks of each step (BuildRequest, `expected`): the result that the lock has of it. Frozen, it throws a
 * ProjectError of code FROZEN for a step that is not in the lock, or has no result for this platform there.
 */
export function expectedResult(
  lock: Lock,
  environment: Environment,
  platform: PlatformText,
  { frozen: isFrozen, comparable }: Expectation,
): NonNullable<BuildRequest['expected']> {
  const locked = lock.steps.get(environment.name) ?? [];
  const { steps } = environment;
  if (isFrozen && locked.length > steps.length) {
    throw new ProjectError(
      'FROZEN',
      `sandbox.lock has ${locked.length} steps of the environment ${environment.name}, and sandbox.toml has ${steps.length}`,
      { hint: HINT },
    );
  }
  return (step, recipe): Digest | undefined => {
    const at = steps.indexOf(step);
    const number = at === -1 ? step.number : at + 1;
    const known = locked[number - 1];
    if (known?.recipe !== recipe) {
      if (!isFrozen) return undefined;
      const what =
        known === undefined ? 'is not in sandbox.lock' : 'is not what sandbox.lock has: it was changed since';
      throw frozen(environment, number, step.name, what);
    }
    if (!comparable || !step.reproducible) return undefined;
    const result = known.results.get(platform);
    if (result !== undefined || !isFrozen) return result;
    throw frozen(
      environment,
      number,
      step.name,
      `has no result for ${platform} in sandbox.lock`,
      `run \`sandbox lock\` on a machine of that kind (${platform}), as a user with subordinate ids, and commit sandbox.lock`,
    );
  };
}

/** What an environment turned out to be. */
export interface EnvironmentNow {
  /** All of the project: what is in none of them is dropped from the lock. */
  readonly environments: ReadonlyMap<string, Environment>;
  readonly environment: Environment;
  readonly locked: LockedImage;
  readonly built: BuiltEnvironment;
  readonly platform: PlatformText;
  readonly comparable: boolean;
  /** Whether another result of the same recipe takes the place of the lock's (`sandbox lock`), or the lock's stays. */
  readonly results: 'replace' | 'keep';
}

/** Takes a lock and what makes another one of it, and gives that, which remembers how it was made. */
function changed(lock: Lock, change: (lock: Lock) => Lock): Lock {
  const { change: before = (same) => same } = lock;
  return { ...change(lock), change: (other) => change(before(other)) };
}

/** Gives the lock with what an environment turned out to be; results for other platforms stay as long as the recipes do. */
export function withEnvironment(lock: Lock, now: EnvironmentNow): Lock {
  return changed(lock, (before) => withEntries(before, now));
}

function withEntries(lock: Lock, now: EnvironmentNow): Lock {
  const { environment, environments, locked } = now;
  const before = lock.images.get(environment.image);
  /** Platforms for which what lies below the steps is what it was when their results were locked. */
  const isSameBelow: SameBelow = (platform) => before?.platforms.get(platform) === locked.platforms.get(platform);
  const images = new Map([...lock.images, [environment.image, locked]]);
  const others = [...lock.steps].map(([name, steps]): [string, readonly LockedStep[]] =>
    environments.get(name)?.image === environment.image
      ? [name, steps.map((step) => onlySame(step, isSameBelow))]
      : [name, steps],
  );
  const steps = new Map([...others, [environment.name, lockedSteps(lock, now, isSameBelow)]]);
  return needed({ images, steps }, environments);
}

type SameBelow = (platform: PlatformText) => boolean;

function onlySame(step: LockedStep, isSameBelow: SameBelow): LockedStep {
  return { ...step, results: new Map([...step.results].filter(([platform]) => isSameBelow(platform))) };
}

/** Gives the lock without what no environment needs. */
export function pruned(lock: Lock, environments: ReadonlyMap<string, Environment>): Lock {
  return changed(lock, (before) => needed(before, environments));
}

function needed({ images, steps }: Lock, environments: ReadonlyMap<string, Environment>): Lock {
  const named = new Set([...environments.values()].map(({ image }) => image));
  return {
    images: new Map([...images].filter(([written]) => named.has(written))),
    steps: new Map(
      [...steps].filter(
        ([name, list]) => list.length > 0 && environments.get(name)?.image !== 'host' && environments.has(name),
      ),
    ),
  };
}

function lockedSteps(lock: Lock, now: EnvironmentNow, isSameBelow: SameBelow): LockedStep[] {
  const before = lock.steps.get(now.environment.name) ?? [];
  let isSameRecipe = true;
  return now.built.steps.map(({ step, recipe, inputs, diffId }, at) => {
    const known = before[at];
    isSameRecipe &&= known?.recipe === recipe;
    const isKept = isSameRecipe && step.reproducible && known !== undefined;
    const results = new Map(isKept ? onlySame(known, isSameBelow).results : []);
    const isWritten = now.comparable && step.reproducible && (now.results === 'replace' || !results.has(now.platform));
    if (isWritten) results.set(now.platform, diffId);
    return { name: step.name, recipe, ...(inputs === undefined ? {} : { inputs }), results };
  });
}

/** Whether `next` says nothing that `lock` does not say. */
export function isLocked(lock: Lock, next: Lock): boolean {
  return formatLock(lock) === formatLock(next);
}

/**
 * Gives a sentence for each step whose result is not the one that the lock has of it: the first is what differs, those after it
 * may differ for that alone.
 */
export function differingSteps(lock: Lock, { environment, built, platform, comparable }: EnvironmentNow): string[] {
  if (!comparable) return [];
  const before = lock.steps.get(environment.name) ?? [];
  return built.steps.flatMap(({ step, recipe, diffId }, at) => {
    const known = before[at];
    const result = known?.recipe === recipe ? known.results.get(platform) : undefined;
    if (result === undefined || result === diffId || !step.reproducible) return [];
    return [`step ${at + 1} (${step.name}) of ${environment.name} gave ${diffId}, and sandbox.lock has ${result}`];
  });
}

/** Throws a ProjectError of code NOT_REPRODUCIBLE where a result is not the one that the lock has of it. */
export function expectSameResults(lock: Lock, now: EnvironmentNow): void {
  const [first] = differingSteps(lock, now);
  if (first === undefined) return;
  throw new ProjectError('NOT_REPRODUCIBLE', first, {
    hint: '`sandbox verify` names the files that differ. Where the step gives something else each time, say `reproducible = false` in it; else `sandbox lock` writes the new result',
  });
}
