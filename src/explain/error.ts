/** A launcher that could not finish what it was to set up. `hint` says what to do about it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly code = 'SETUP_FAILED';
  readonly hint: string | undefined;

  constructor(message: string, hint: string | undefined) {
    super(message);
    this.hint = hint;
  }
}
