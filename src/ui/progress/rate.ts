/** The last seconds decide: what the network did a minute ago says little about the next one. */
const WINDOW_MILLISECONDS = 4000;
/** A shorter time says nothing yet. */
const SHORTEST_MILLISECONDS = 300;

interface Sample {
  readonly at: number;
  readonly amount: number;
}

/** Measures how fast an amount grows, over the last seconds. */
export interface RateMeter {
  /** Takes a time in milliseconds and the amount that is done by then. */
  readonly add: (at: number, amount: number) => void;
  /** Amount a second; undefined while there is too little to tell. */
  readonly perSecond: () => number | undefined;
}

export function rateMeter(): RateMeter {
  let samples: Sample[] = [];
  return {
    add: (at, amount) => {
      const last = samples.at(-1);
      // A download that began anew has no rate yet.
      if (last !== undefined && amount < last.amount) samples = [];
      samples.push({ at, amount });
      // One sample from before the window stays, as its start.
      while (samples.length > 2 && (samples[1]?.at ?? at) < at - WINDOW_MILLISECONDS) samples.shift();
    },
    perSecond: () => {
      const [first] = samples;
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.at - first.at < SHORTEST_MILLISECONDS) return undefined;
      return ((last.amount - first.amount) * 1000) / (last.at - first.at);
    },
  };
}
