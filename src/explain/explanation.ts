import type { Probe } from '../doctor/probe.ts';
import type { SetupOp } from '../launch/operations.ts';

/** What a launcher says about its failure: `op`, `description` as of launch/operations.ts, and errno by name. */
export interface LaunchFailure {
  readonly op: SetupOp['op'];
  readonly description: string;
  /** 'EPERM'; or HELPER_FAILED. */
  readonly errno: string;
}

/** In place of an errno: newuidmap or newgidmap refused, and has said why on standard error. */
export const HELPER_FAILED = 'errno 1001';

/** In place of an errno: a program that prepares the sandbox failed, and has said why on standard error. */
export const PROGRAM_FAILED = 'errno 1003';

/** Why an operation failed, as a clause, and what to do about it, a line each. */
export interface Explanation {
  readonly cause: string;
  readonly hint?: string;
}

/** Explains the failures of some operations; undefined: nothing special about this errno. */
export type Explain = (failure: LaunchFailure, host: Probe) => Explanation | undefined;
