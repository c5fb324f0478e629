import { DomainError, type DomainErrorOptions } from '../../domain-error.ts';

/** A command line that cannot be carried out as it was typed. `hint` says what to type instead. */
export class UsageError extends DomainError<'USAGE'> {
  override readonly name = 'UsageError';

  constructor(message: string, options?: DomainErrorOptions) {
    super('USAGE', message, options);
  }
}

/**
 * Takes a word of the command line and gives it in double quotes; control characters and bytes that are not UTF-8
 * become escapes, as a terminal must not obey what is only quoted to it.
 */
export function quoted(text: string): string {
  // JSON leaves DEL and the C1 controls as they are.
  return JSON.stringify(text).replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** The one form in which a value is refused: what was expected and what came instead. */
export function unexpected(expected: string, got: string, hint?: string): UsageError {
  return new UsageError(`expected ${expected}, got ${quoted(got)}`, { hint });
}
