import type { Digest } from '../../store/digest.ts';
import type { BuildRequest, BuiltEnvironment } from '../build/model.ts';
import type { Environment } from '../model.ts';
import type { Lock, LockedImage, PlatformText } from './lock.ts';

/**
 * Gives what the build asks of each step (BuildRequest, `expected`): the result that the lock has of it. Frozen, it throws a
 * ProjectError of code FROZEN for a step that is not in the lock, or has no result for this platform there.
 */
export function expectedResult(
  _lock: Lock,
  _environment: Environment,
  _platform: PlatformText,
  _options: { readonly frozen: boolean },
): NonNullable<BuildRequest['expected']> {
  return (): Digest | undefined => undefined;
}

/** Gives the lock with what an environment turned out to be; results for other platforms stay as long as the recipes do. */
export function withEnvironment(
  lock: Lock,
  _now: {
    readonly environment: Environment;
    readonly locked: LockedImage;
    readonly built: BuiltEnvironment;
    readonly platform: PlatformText;
  },
): Lock {
  return lock;
}

/** Whether `next` says nothing that `lock` does not say. */
export function isLocked(lock: Lock, next: Lock): boolean {
  return lock === next;
}
