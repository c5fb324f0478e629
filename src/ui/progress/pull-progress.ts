import { isatty } from 'node:tty';
import { colours, wantsColour } from '../colour.ts';
import { note, printError } from '../output.ts';
import { printable } from '../printable.ts';
import { byteText, durationText } from '../quantity.ts';
import { block } from './block.ts';
import { plainLine, pullLines } from './pull-lines.ts';
import { type LayerState, pullTally } from './pull-view.ts';

/** Often enough to look alive. */
const FRAME_MILLISECONDS = 100;
/** A pull that is done sooner shows nothing in between. */
const DELAY_MILLISECONDS = 150;
/** In a log a line now and then is enough. */
const PLAIN_MILLISECONDS = 10_000;
/** Digits of a digest that tell layers apart. */
const LABEL = 12;

interface LayerEvent {
  readonly digest: string;
  readonly size: number;
  readonly state: LayerState;
  readonly downloaded: number;
  readonly unpacked: number;
}

/** What a pull tells while it goes on, and how that is ended. */
export interface PullProgress {
  readonly events: {
    readonly resolving: (name: string) => void;
    readonly layer: (event: LayerEvent) => void;
    readonly note: (line: string) => void;
  };
  /** Takes what is shown away; after a pull that went well a line says what was pulled. */
  readonly end: (outcome: 'pulled' | 'failed') => void;
}

/**
 * Shows a pull on standard error: lines that are redrawn in place on a terminal, a line now and then elsewhere and where
 * TERM is `dumb`, notes alone when `quiet`. `end` must be called; the timer does not keep the process alive.
 */
export function startPullProgress(name: string, { quiet }: { readonly quiet: boolean }): PullProgress {
  const tally = pullTally(name);
  const begun = performance.now();
  const label = (digest: string): string => digest.slice(digest.indexOf(':') + 1).slice(0, LABEL);
  const drawing = quiet ? undefined : isatty(2) && process.env.TERM !== 'dumb' ? terminalDrawing() : plainDrawing();
  const timer = drawing && setInterval(() => drawing.draw(tally.view(performance.now())), drawing.interval);
  timer?.unref();
  return {
    events: {
      resolving: tally.resolving,
      layer: ({ digest, ...progress }) => tally.layer({ label: label(digest), ...progress }),
      note: (line) => (drawing === undefined ? note(line) : drawing.aside(line)),
    },
    end: (outcome) => {
      clearInterval(timer);
      drawing?.end();
      const { layers, total, name: full } = tally.view(performance.now());
      if (quiet || outcome === 'failed' || layers.length === 0) return;
      const took = durationText((performance.now() - begun) / 1000);
      const what = total === 0 ? 'every layer was there' : `${byteText(total)} in ${took}`;
      note(`pulled ${full}: ${what}`);
    },
  };
}

interface Drawing {
  readonly interval: number;
  readonly draw: (view: ReturnType<ReturnType<typeof pullTally>['view']>) => void;
  /** A line that stays. */
  readonly aside: (line: string) => void;
  readonly end: () => void;
}

function terminalDrawing(): Drawing {
  const shown = block();
  const begun = performance.now();
  const palette = colours(wantsColour(process.env, true));
  // The stream follows the terminal's size (SIGWINCH).
  const size = (): { columns: number; rows: number } => ({
    columns: process.stderr.columns || 80,
    rows: process.stderr.rows || 24,
  });
  let frame = 0;
  return {
    interval: FRAME_MILLISECONDS,
    draw: (view) => {
      if (performance.now() - begun < DELAY_MILLISECONDS) return;
      const { columns, rows } = size();
      printError(shown.replace(pullLines(view, { columns, rows, colours: palette }, frame++), columns));
    },
    aside: (line) => printError(`${shown.clear(size().columns)}sandbox: ${printable(line)}\n`),
    end: () => printError(shown.clear(size().columns)),
  };
}

function plainDrawing(): Drawing {
  return {
    interval: PLAIN_MILLISECONDS,
    draw: (view) => note(plainLine(view)),
    aside: note,
    end: () => {},
  };
}
