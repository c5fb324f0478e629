import { setTimeout as delay } from 'node:timers/promises';

/** How patient the client is; tests have another. */
export interface Pace {
  /** Waits; rejects when the signal is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** So long without a byte, and a connection is given up. */
  readonly idleMilliseconds: number;
}

export const USUAL_PACE: Pace = {
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
  random: Math.random,
  now: Date.now,
  idleMilliseconds: 30_000,
};
