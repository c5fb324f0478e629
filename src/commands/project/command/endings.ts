/** Signals that ask for an end. */
const ENDING = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const;

/** What may end a row of commands before its time. */
export interface Ending {
  /** 128+N where signal N, or whoever repeats the row, has asked for its end; undefined: go on. */
  readonly status: number | undefined;
  /** Fulfilled when a signal has asked for it. */
  readonly asked: Promise<void>;
  /** Aborted where the command that runs is to be ended, and not only the row. */
  readonly signal: AbortSignal;
  /** Signals have their usual effect again. */
  close(): void;
}

/**
 * Listens for signals while commands are run one after another. The first one goes to the command that runs, as
 * `runToEnd` has it, and no other one is started; a second one ends a command that goes on in spite of it.
 */
export function endings(repeated?: AbortSignal): Ending {
  const { constants } = process.getBuiltinModule('node:os');
  const impatience = new AbortController();
  const asked = Promise.withResolvers<void>();
  let received: NodeJS.Signals | undefined;
  const receive = (signal: NodeJS.Signals): void => {
    if (received !== undefined) impatience.abort();
    received ??= signal;
    asked.resolve();
  };
  for (const signal of ENDING) process.on(signal, receive);
  return {
    get status() {
      if (received !== undefined) return 128 + constants.signals[received];
      return repeated?.aborted ? 128 + constants.signals.SIGTERM : undefined;
    },
    asked: asked.promise,
    signal: repeated === undefined ? impatience.signal : AbortSignal.any([impatience.signal, repeated]),
    close: () => {
      for (const signal of ENDING) process.off(signal, receive);
    },
  };
}
