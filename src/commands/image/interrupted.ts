import { constants } from 'node:os';

/** A signal ended a pull; what was downloaded stays for the next one. Nothing needs to be said. */
export class PullInterrupted extends Error {
  override readonly name = 'PullInterrupted';
  readonly code = 'INTERRUPTED';
  /** As a shell gives it: 128 and the signal's number. */
  readonly status: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that a signal aborts. The second signal of a kind ends the process at once: whoever presses Ctrl-C again does
 * not want to wait. Throws PullInterrupted where a signal ended the work.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let by: NodeJS.Signals | undefined;
  const abort = (signal: NodeJS.Signals): void => {
    by ??= signal;
    controller.abort();
  };
  for (const signal of SIGNALS) process.once(signal, abort);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw by === undefined ? error : new PullInterrupted(by);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}
