/** What keeps a launcher from being started. */
export type LaunchErrorCode = 'NO_PLACE' | 'NO_EXECVE' | 'REMOVAL';

/** A launcher that could not be started, or did not do its work. `hint` says what to do about it. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly code: LaunchErrorCode;
  readonly hint: string | undefined;

  constructor(code: LaunchErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
