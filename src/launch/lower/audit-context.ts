import type { Pointer, Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

/** The auditor's only descriptors. */
export const LOG = 0;
export const LISTENER = 1;
export const PROC = 2;

/** What the auditor has to say of a call while it handles it. */
export interface Auditing {
  readonly builder: ProgramBuilder;
  /** linux/audit-log.ts, RECORD. */
  readonly record: Pointer;
  /** Identifies what is written down. */
  readonly hash: Slot;
  readonly kind: Slot;
}
