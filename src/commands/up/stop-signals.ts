const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a user asks for with signals while services run. */
export interface StopSignals {
  /** Aborted when they are to end. */
  readonly stop: AbortSignal;
  /** The signal that asked first, once there was one. */
  readonly by: () => NodeJS.Signals | undefined;
  /** Asks for the same without a signal. */
  readonly ask: () => void;
  /** Stops listening to them. */
  readonly release: () => void;
}

/** The first signal asks for an orderly end; `onImpatience` is called for each further one. */
export function stopSignals(onImpatience: () => void): StopSignals {
  const controller = new AbortController();
  let by: NodeJS.Signals | undefined;
  const take = (signal: NodeJS.Signals): void => {
    if (by === undefined) {
      by = signal;
      controller.abort(new Error(`interrupted by ${signal}`));
    } else if (signal !== 'SIGHUP') {
      // A terminal that is closed sends SIGHUP behind a Ctrl-C: that is no impatience.
      onImpatience();
    }
  };
  for (const signal of SIGNALS) process.on(signal, take);
  return {
    stop: controller.signal,
    by: () => by,
    ask: () => controller.abort(new Error('asked to end')),
    release: () => {
      for (const signal of SIGNALS) process.off(signal, take);
    },
  };
}
