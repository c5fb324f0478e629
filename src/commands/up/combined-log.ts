import { wantsColour } from '../../ui/colour.ts';
import { widthOf } from '../../ui/width.ts';

/** SGR of ECMA-48, in the order in which services get them: none is red, which is for what went wrong. */
const PALETTE = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
const RESET = '\x1b[0m';

export interface CombinedLogOptions {
  /** In the project's order: a service keeps its colour whichever others are shown. */
  readonly names: readonly string[];
  /** Those that may be shown: the prefix is as wide as the longest. */
  readonly shown: readonly string[];
  readonly prefix: boolean;
  readonly colour: boolean;
}

/** Gives what makes a line of a service one of the combined log: `web | listening on 3000`, with its end. */
export function combinedLog({
  names,
  shown,
  prefix,
  colour,
}: CombinedLogOptions): (service: string, text: string) => string {
  const width = shown.reduce((most, name) => Math.max(most, widthOf(name)), 0);
  return (service, text) => {
    // A colour that a line leaves on would run into the next one, which is another service's.
    const line = colour && text.includes('\x1b') ? `${text}${RESET}` : text;
    if (!prefix) return `${line}\n`;
    const label = `${service}${' '.repeat(Math.max(0, width - widthOf(service)))} |`;
    const number = PALETTE[Math.max(0, names.indexOf(service)) % PALETTE.length];
    return `${colour ? `\x1b[${number}m${label}${RESET}` : label} ${line}\n`;
  };
}

/** Whether standard output is to be coloured. */
export function coloursLog(isTerminal: boolean): boolean {
  return wantsColour(process.env, isTerminal);
}
