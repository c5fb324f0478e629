export interface DomainErrorOptions {
  /** What to do about it: a sentence, or several lines. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error that was foreseen: its message is for people, `code` is for programs. Each domain has a class of its own that names
 * its codes. It is known by its members and not by its class, which may exist twice in the executable (build/bundle.ts).
 */
export abstract class DomainError<Code extends string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
