import type { Command } from '../measure/process.ts';

/** Something to measure; one that is not installed says so. */
export type Candidate = {
  readonly name: string;
  /** Puts everything back before a run; no part of what is measured. */
  readonly reset?: () => void;
  /** Gives what is measured of one run. Default: its wall time in milliseconds. */
  readonly measure?: (command: Command) => number;
} & ({ readonly command: Command } | { readonly command: undefined; readonly reason: string });

/** In the unit of the section. */
export type Outcome =
  | { readonly kind: 'measured'; readonly median: number; readonly least: number; readonly runs: number }
  | { readonly kind: 'unmeasured'; readonly reason: string };

export function notInstalled(name: string, program: string): Candidate {
  return { name, command: undefined, reason: `${program} is not installed` };
}
