/** What went wrong with a sandbox of the store. */
export type StoreErrorCode = 'NO_SANDBOX' | 'EXISTS' | 'RUNNING' | 'STORE' | 'NAME';

/** A sandbox or the store that cannot be used as asked. `hint` says what to do about it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly hint: string | undefined;

  constructor(code: StoreErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
