import { RequestFailure } from './failure.ts';
import type { Pace } from './pace.ts';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;

/** Tells the user that nothing will happen for a while, and why. */
export interface Wait {
  readonly milliseconds: number;
  readonly because: RequestFailure;
}

/** Milliseconds before the next try after `failures` in a row; the half of it by chance, so that clients do not march in step. */
export function backoff(failures: number, random: () => number): number {
  const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
  return most / 2 + (most / 2) * random();
}

/** Waits before another try, or throws the failure where there is no use in one. */
export async function waitAfter(
  failure: unknown,
  failures: number,
  { pace, signal, tries, onWait }: RetryOptions,
): Promise<void> {
  signal.throwIfAborted();
  if (!(failure instanceof RequestFailure) || failure.again === 'no' || failures >= tries) throw failure;
  const wait = failure.again === 'yes' ? backoff(failures, pace.random) : failure.again.after;
  onWait?.({ milliseconds: wait, because: failure });
  await pace.sleep(wait, signal);
}

export interface RetryOptions {
  readonly pace: Pace;
  readonly signal: AbortSignal;
  /** In all. */
  readonly tries: number;
  readonly onWait?: ((wait: Wait) => void) | undefined;
}

/** Does the work again while it fails with what may pass. */
export async function retrying<T>(options: RetryOptions, work: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      failures += 1;
      await waitAfter(error, failures, options);
    }
  }
}
