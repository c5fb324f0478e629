import { rateMeter } from './rate.ts';

export type LayerState = 'waiting' | 'downloading' | 'unpacking' | 'done' | 'present';

/** How far one layer is; both amounts are compressed bytes and run up to `size`. */
export interface LayerProgress {
  /** What tells it from others: the digest's beginning. */
  readonly label: string;
  readonly size: number;
  readonly state: LayerState;
  readonly downloaded: number;
  readonly unpacked: number;
}

/** Everything there is to show about a pull at one moment. */
export interface PullView {
  readonly name: string;
  /** In the order in which they were told of; empty while nobody knows them. */
  readonly layers: readonly LayerProgress[];
  readonly downloaded: number;
  /** Bytes of the layers that were not there already. */
  readonly total: number;
  /** Bytes a second that come from the registry, while some do. */
  readonly rate?: number;
  readonly secondsLeft?: number;
}

/** Gathers what happens during a pull; times are in milliseconds. */
export interface PullTally {
  readonly resolving: (name: string) => void;
  readonly layer: (progress: LayerProgress) => void;
  readonly view: (now: number) => PullView;
}

export function pullTally(firstName: string): PullTally {
  let name = firstName;
  const layers = new Map<string, LayerProgress>();
  const download = rateMeter();
  /** Downloading and unpacking together: what is left of both is what is waited for. */
  const work = rateMeter();
  return {
    resolving: (next) => {
      name = next;
    },
    layer: (progress) => {
      layers.set(progress.label, progress);
    },
    view: (now) => {
      const all = [...layers.values()];
      const pulled = all.filter(({ state }) => state !== 'present');
      const sum = (amount: (layer: LayerProgress) => number): number =>
        pulled.reduce((total, layer) => total + amount(layer), 0);
      const total = sum(({ size }) => size);
      const downloaded = sum((layer) => (layer.state === 'done' ? layer.size : layer.downloaded));
      const unpacked = sum((layer) => (layer.state === 'done' ? layer.size : layer.unpacked));
      download.add(now, downloaded);
      work.add(now, downloaded + unpacked);
      const rate = downloaded < total ? download.perSecond() : undefined;
      const speed = work.perSecond();
      const left = 2 * total - downloaded - unpacked;
      return {
        name,
        layers: all,
        downloaded,
        total,
        ...(rate === undefined ? {} : { rate }),
        ...(speed === undefined || speed <= 0 || left <= 0 ? {} : { secondsLeft: left / speed }),
      };
    },
  };
}
