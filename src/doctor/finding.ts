import type { Probe } from './probe.ts';

/** What one check found out about the host. */
export interface Finding {
  /** Stable, for scripts: 'kernel', 'subordinate-ids'. */
  readonly id: string;
  readonly title: string;
  /** `warning`: works, with less; `error`: no sandbox can be made; `info`: good to know, nothing to be done. */
  readonly state: 'ok' | 'warning' | 'error' | 'info';
  readonly detail: string;
  /** The exact commands that mend it, one a line, or what to change. */
  readonly remedy?: string;
  /** A file that the remedy installs. */
  readonly file?: { readonly path: string; readonly content: string };
}

/** A check looks through the probe only. */
export type Check = (probe: Probe) => readonly Finding[] | Promise<readonly Finding[]>;
