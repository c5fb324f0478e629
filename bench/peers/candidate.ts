import type { Command } from '../measure/process.ts';

/** Something to measure; one that is not installed says so. */
export type Candidate = {
  readonly name: string;
} & ({ readonly command: Command } | { readonly command: undefined; readonly reason: string });

/** Milliseconds, or kilobytes. */
export type Outcome =
  | { readonly kind: 'measured'; readonly median: number; readonly least: number; readonly runs: number }
  | { readonly kind: 'unmeasured'; readonly reason: string };

export function notInstalled(name: string, program: string): Candidate {
  return { name, command: undefined, reason: `${program} is not installed` };
}
