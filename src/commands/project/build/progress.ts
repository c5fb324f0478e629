import { isTerminal } from '../../../linux/terminal.ts';
import type { BuildEvents, BuiltStep, StepEvent } from '../../../project/build/model.ts';
import type { Step } from '../../../project/model.ts';
import { colours, wantsColour } from '../../../ui/colour.ts';
import { note, printError } from '../../../ui/output.ts';
import { printable } from '../../../ui/printable.ts';
import { type Progress, startProgress } from '../../../ui/progress.ts';
import { durationText } from '../../../ui/quantity.ts';

export interface BuildProgressOptions {
  /** Nothing but notes, and what a step that failed has said. */
  readonly quiet: boolean;
  /** All output of the steps, as it comes. */
  readonly plain?: boolean;
  /** Also a line for a step that was there already. */
  readonly reused?: boolean;
}

/** So much is shown of what a failed step has said. */
const TAIL_LINES = 20;
const TAIL_BYTES = 64 * 1024;

/** Shows on standard error what is being built; `end` must be called. */
export function buildProgress({ quiet, plain = false, reused = false }: BuildProgressOptions): {
  readonly events: BuildEvents;
  readonly end: () => void;
} {
  const paint = colours(wantsColour(process.env, isTerminal(2)));
  const tail = new Tail();
  let line: Progress | undefined;
  const takeAway = (): void => {
    line?.end();
    line = undefined;
  };
  const step = (event: StepEvent): void => {
    const head = headOf(event);
    if (event.kind === 'started') {
      tail.clear();
      if (quiet) return;
      if (plain || !isTerminal(2)) printError(`${head}\n`);
      else line = startProgress({ label: head });
      return;
    }
    takeAway();
    if (event.kind === 'failed') {
      // Whoever sees all output has seen it.
      if (!plain || quiet)
        printError(
          tail
            .lines()
            .map((text) => `  ${paint.faint('|')} ${printable(text)}\n`)
            .join(''),
        );
    } else if (!quiet && (event.built.origin !== 'reused' || reused))
      printError(`${head} ${paint.faint(outcomeOf(event.built))}\n`);
  };
  const output = (from: Step, chunk: Buffer): void => {
    tail.add(chunk);
    if (plain && !quiet) printError(printable(withoutRedrawn(chunk.toString('utf8'))));
    else line?.update({ label: `${nameOf(from)}: ${tail.last()}` });
  };
  const told = (text: string): void => {
    takeAway();
    note(text);
  };
  return { events: { step, output, note: told }, end: takeAway };
}

function nameOf({ number, name }: Step): string {
  return printable(name === `step ${number}` ? name : `${number} ${name}`);
}

function headOf({ step, of }: StepEvent): string {
  const { number, name } = step;
  return `[${number}/${of}] ${printable(name)}`;
}

/** How a step's result came about, and how long that took. */
export function outcomeOf({ origin, milliseconds }: Pick<BuiltStep, 'origin' | 'milliseconds'>): string {
  if (origin === 'reused') return 'reused';
  const seconds = milliseconds / 1000;
  const took = seconds < 10 ? `${seconds.toFixed(seconds < 1 ? 2 : 1)}s` : durationText(seconds);
  return `${origin === 'built' ? 'built' : 'from the cache'} in ${took}`;
}

/** Programs that draw in place write a carriage return: what stood there is gone. */
function withoutRedrawn(text: string): string {
  return text.replace(/[^\n]*\r(?!\n)/g, '').replaceAll('\r', '');
}

/** The end of a text that comes in pieces. */
class Tail {
  #bytes = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-TAIL_BYTES);
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
  }

  lines(): string[] {
    const lines = withoutRedrawn(this.#bytes.toString('utf8')).split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-TAIL_LINES);
  }

  last(): string {
    return this.lines().findLast((text) => text.trim() !== '') ?? '';
  }
}
