import { DomainError, type DomainErrorOptions } from '../domain-error.ts';

/** A configuration file that cannot be used. `hint` says what to write instead. */
export class ConfigError extends DomainError<'CONFIG'> {
  override readonly name = 'ConfigError';

  constructor(message: string, options?: DomainErrorOptions) {
    super('CONFIG', message, options);
  }
}
