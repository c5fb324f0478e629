import { DomainError } from '../domain-error.ts';

/** What keeps a launcher from being started. */
export type LaunchErrorCode = 'NO_PLACE' | 'NO_EXECVE' | 'REMOVAL';

/** A launcher that could not be started, or did not do its work. `hint` says what to do about it. */
export class LaunchError extends DomainError<LaunchErrorCode> {
  override readonly name = 'LaunchError';
}
