import type { BaseImage } from '../../project/build/model.ts';
import { ProjectError } from '../../project/error.ts';
import type { Lock, LockedImage } from '../../project/lock/lock.ts';

export interface BaseWishes {
  readonly lock: Lock;
  /** What is not in the lock is refused. */
  readonly frozen: boolean;
  readonly quiet: boolean;
  /** The registry is asked what the name means now, whatever the lock says. */
  readonly update: boolean;
}

/**
 * Gives the image that an environment begins with, exactly the one of the lock where that has it, pulled where it is not
 * here; and what is to be locked of it. Throws a ProjectError (FROZEN, LOCK), an ImageError or a StoreError.
 */
export async function baseImage(
  unsafeName: string,
  _wishes: BaseWishes,
): Promise<{ readonly base: BaseImage; readonly locked: LockedImage }> {
  throw new ProjectError('LOCK', `not there yet: ${unsafeName}`);
}
