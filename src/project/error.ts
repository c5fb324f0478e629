import { DomainError } from '../domain-error.ts';

/** What is wrong with a project, or keeps its environment from being made. */
export type ProjectErrorCode =
  /** There is no sandbox.toml here or above. */
  | 'NO_PROJECT'
  /** A file of the project is no TOML, or says what it may not. The message begins with FILE:LINE:COLUMN. */
  | 'INVALID'
  /** Environments, commands or services that lead back to themselves. */
  | 'CYCLE'
  /** There is no environment, command, service or step of that name. */
  | 'UNKNOWN'
  /** The file asks for more than an untrusted one gets. */
  | 'UNTRUSTED'
  /** sandbox.lock cannot be used as it is. */
  | 'LOCK'
  /** `--frozen`, and something is not in the lock. */
  | 'FROZEN'
  /** A step ended with another status than 0. */
  | 'STEP_FAILED'
  /** What a step was to be given is not there, or changed under its hands. */
  | 'INPUT'
  /** The same step gave another result. */
  | 'NOT_REPRODUCIBLE'
  /** A cache that was to be read or written. */
  | 'CACHE'
  | 'SERVICE'
  | 'SHIM';

/** A failure of a project. `hint` says what to do about it. */
export class ProjectError extends DomainError<ProjectErrorCode> {
  override readonly name = 'ProjectError';
}
