/** What keeps a sandbox from being opened as asked. */
export type SandboxErrorCode =
  | 'NO_OVERLAY'
  | 'NO_DRIVER'
  | 'NO_USER'
  | 'RUNNING'
  | 'REMOVAL'
  | 'MISMATCH'
  | 'LAYERS_GONE'
  | 'TOO_MANY_LAYERS';

/** A request that cannot be met here. `hint` says what to do about it. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: SandboxErrorCode;
  readonly hint: string | undefined;

  constructor(code: SandboxErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
