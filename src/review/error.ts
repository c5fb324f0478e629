import { DomainError } from '../domain-error.ts';

export type ReviewErrorCode =
  /** There is no kept sandbox of that name. */
  | 'NO_SANDBOX'
  /** Something runs in it, or another command works on it. */
  | 'RUNNING'
  /** Its changes are kept in a way that cannot be told apart from what was there before. */
  | 'UNSUPPORTED'
  /** A path or pattern that no change has. */
  | 'NO_MATCH'
  /** The host's files are others than those that the sandbox saw. */
  | 'CONFLICT'
  /** A system call failed. */
  | 'FAILED';

/** What keeps changes of a sandbox from being shown, applied or discarded. */
export class ReviewError extends DomainError<ReviewErrorCode> {
  override readonly name = 'ReviewError';
}
