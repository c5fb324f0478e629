import { isatty } from 'node:tty';

export type Paint = (text: string) => string;

/** Colours by meaning; each leaves the text as it is where colours are off. */
export interface Colours {
  readonly strong: Paint;
  readonly faint: Paint;
  readonly good: Paint;
  readonly warning: Paint;
  readonly bad: Paint;
}

/**
 * Takes the environment and whether the output is a terminal; says whether to colour. The conventions are those of
 * no-color.org (any value that is not empty) and force-color.org, which wins; '0' and 'false' there mean no.
 */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if (environment.NO_COLOR) return false;
  return isTerminal && environment.TERM !== 'dumb';
}

/** Takes whether to colour and gives the colours: SGR sequences of ECMA-48. */
export function colours(enabled: boolean): Colours {
  const sgr = (on: number, off: number): Paint =>
    enabled ? (text) => `\x1b[${on}m${text}\x1b[${off}m` : (text) => text;
  return { strong: sgr(1, 22), faint: sgr(2, 22), good: sgr(32, 39), warning: sgr(33, 39), bad: sgr(31, 39) };
}

/** The colours of standard output (1) or standard error (2). */
export function coloursOf(descriptor: 1 | 2): Colours {
  return colours(wantsColour(process.env, isatty(descriptor)));
}
