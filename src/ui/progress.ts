import { isatty } from 'node:tty';
import { printError } from './output.ts';
import { printable } from './printable.ts';
import { spinner } from './progress/spinner.ts';
import { fit } from './width.ts';

/** How far a piece of work is; without `total` nobody knows how much is left. */
export interface ProgressState {
  readonly label: string;
  readonly done?: number;
  readonly total?: number;
}

const FRAME_MILLISECONDS = 80;
/** Work that is done sooner shows nothing. */
const DELAY_MILLISECONDS = 200;

/** Takes a state and the number of the frame and gives the line, without its end. */
export function progressLine({ label, done, total }: ProgressState, frame: number): string {
  if (done === undefined || total === undefined || total <= 0) return `${spinner(frame)} ${printable(label)}`;
  const percent = Math.min(100, Math.max(0, Math.floor((done / total) * 100)));
  return `${spinner(frame)} ${String(percent).padStart(3)}% ${printable(label)}`;
}

/** A line on standard error that says how far some work is, and nothing where that is no terminal. */
export interface Progress {
  readonly update: (state: ProgressState) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/**
 * Starts a line of progress and gives its control; `end` must be called. The line is redrawn in place (ECMA-48: CR, EL)
 * while the event loop turns; its timer does not keep the process alive.
 */
export function startProgress(state: ProgressState): Progress {
  if (!isatty(2) || process.env.TERM === 'dumb') return { update: () => {}, end: () => {} };
  let current = state;
  let frame = 0;
  let shown = false;
  const begun = performance.now();
  let drawn = begun;
  const draw = (): void => {
    drawn = performance.now();
    if (drawn - begun < DELAY_MILLISECONDS) return;
    // A line that wraps could not be taken away again.
    const line = fit(progressLine(current, frame++), (process.stderr.columns || 80) - 1);
    printError(`\r${line}\x1b[K`);
    shown = true;
  };
  const timer = setInterval(draw, FRAME_MILLISECONDS);
  timer.unref();
  return {
    update: (next) => {
      current = next;
      // Work that does not let the event loop turn shows how far it is all the same.
      if (performance.now() - drawn >= FRAME_MILLISECONDS) draw();
    },
    end: () => {
      clearInterval(timer);
      if (shown) printError('\r\x1b[K');
    },
  };
}
