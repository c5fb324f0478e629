import { ImageError, type ImageErrorCode } from '../error.ts';

/** Whether the same request may go better later, and after how many milliseconds if the registry says so. */
export type Again = 'no' | 'yes' | { readonly after: number };

/** A request that failed. */
export class RequestFailure extends ImageError {
  readonly again: Again;
  /** What the transport calls it: ECONNREFUSED, an HTTP status. */
  readonly reason: string;

  constructor(
    code: ImageErrorCode,
    message: string,
    options: {
      readonly hint?: string;
      readonly cause?: unknown;
      readonly again?: Again;
      readonly reason?: string;
    } = {},
  ) {
    super(code, message, {
      ...(options.hint === undefined ? {} : { hint: options.hint }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.again = options.again ?? 'no';
    this.reason = options.reason ?? '';
  }
}
