import type { Colours } from '../colour.ts';
import { printable } from '../printable.ts';
import { byteText, durationText } from '../quantity.ts';
import { fit, pad, widthOf } from '../width.ts';
import type { LayerProgress, PullView } from './pull-view.ts';
import { spinner } from './spinner.ts';

export interface Screen {
  /** Of the terminal, in characters. */
  readonly columns: number;
  readonly rows: number;
  readonly colours: Colours;
}

const SMALLEST_BAR = 10;
const LARGEST_BAR = 30;
/** `999 MB / 999 MB`. */
const AMOUNTS = 18;
const STATE = 11;
const GAP = '  ';

const STATE_WORDS: Readonly<Record<LayerProgress['state'], string>> = {
  waiting: 'waiting',
  downloading: 'downloading',
  unpacking: 'unpacking',
  done: 'done',
  present: 'there',
};

/** Takes parts of a whole, the smaller one first, and a width; gives a bar: unpacked, downloaded, still to come. */
function bar(unpacked: number, downloaded: number, width: number): string {
  const columns = (part: number): number => Math.round(Math.min(1, Math.max(0, part)) * width);
  const full = columns(unpacked);
  const half = Math.max(full, columns(downloaded));
  return '█'.repeat(full) + '▒'.repeat(half - full) + '░'.repeat(width - half);
}

/** Takes a layer and the columns that there are; gives its line, without what does not fit. */
function layerLine(layer: LayerProgress, { columns, colours }: Screen): string {
  const { label, size, state, downloaded, unpacked } = layer;
  const share = (amount: number): number => (state === 'done' ? 1 : size === 0 ? 0 : amount / size);
  const word = STATE_WORDS[state];
  const painted = state === 'done' ? colours.good(pad(word, STATE)) : pad(word, STATE);
  const amounts =
    state === 'done'
      ? byteText(size)
      : `${byteText(state === 'unpacking' ? unpacked : downloaded)} / ${byteText(size)}`;
  const width = Math.min(LARGEST_BAR, columns - widthOf(label) - STATE - AMOUNTS - 3 * GAP.length);
  if (width >= SMALLEST_BAR) {
    return [label, painted, bar(share(unpacked), share(downloaded), width), amounts].join(GAP);
  }
  const percent = `${Math.floor(((share(downloaded) + share(unpacked)) / 2) * 100)}%`.padStart(4);
  if (widthOf(label) + STATE + percent.length + 2 * GAP.length <= columns) return [label, painted, percent].join(GAP);
  return fit(`${percent} ${label}`, columns);
}

/** The parts of the first line, the most important first: those at the end are left out where the line is too narrow. */
function totals({ layers, downloaded, total, rate, secondsLeft }: PullView): string[] {
  if (layers.length === 0) return [];
  const done = layers.filter(({ state }) => state === 'done' || state === 'present').length;
  return [
    `${done} of ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`,
    ...(total === 0 ? [] : [`${byteText(downloaded)} of ${byteText(total)}`]),
    ...(secondsLeft === undefined ? [] : [`${durationText(secondsLeft)} left`]),
    ...(rate === undefined ? [] : [`${byteText(rate)}/s`]),
  ];
}

function headLine(view: PullView, frame: number, columns: number): string {
  const name = printable(view.name);
  const head = `${spinner(frame)} ${view.layers.length === 0 ? 'looking for' : 'pulling'} ${name}`;
  let line = head;
  for (const part of totals(view)) {
    if (widthOf(line) + GAP.length + widthOf(part) > columns) break;
    line += GAP + part;
  }
  return fit(line, columns);
}

/**
 * Takes what there is to show, the terminal and the number of the frame; gives the lines, none wider than the terminal and no
 * more than it has rows. Layers that are there or done stand in the first line's count alone where there are too many.
 */
export function pullLines(view: PullView, screen: Screen, frame: number): string[] {
  // A full last column makes some terminals wrap.
  const columns = Math.max(1, screen.columns - 1);
  const room = Math.max(0, screen.rows - 2);
  const head = headLine(view, frame, columns);
  const waited = view.layers.filter(({ state }) => state !== 'present');
  const shown = waited.length <= room ? waited : mostInteresting(waited, Math.max(0, room - 1));
  const lines = shown.map((layer) => layerLine(layer, { ...screen, columns }));
  const hidden = waited.length - shown.length;
  const more = hidden > 0 && room > 0 ? [fit(`and ${hidden} more`, columns)] : [];
  return [head, ...lines, ...more];
}

const INTEREST: Readonly<Record<LayerProgress['state'], number>> = {
  unpacking: 0,
  downloading: 1,
  waiting: 2,
  done: 3,
  present: 4,
};

/** Those in which something happens, in the order of the image. */
function mostInteresting(layers: readonly LayerProgress[], room: number): LayerProgress[] {
  const chosen = new Set([...layers].sort((a, b) => INTEREST[a.state] - INTEREST[b.state]).slice(0, room));
  return layers.filter((layer) => chosen.has(layer));
}

/** One line for where nothing can be redrawn: how far the pull is. */
export function plainLine(view: PullView): string {
  return [`pulling ${printable(view.name)}`, ...totals(view)].join(', ');
}
