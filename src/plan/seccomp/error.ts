import { DomainError } from '../../domain-error.ts';

/** What is wrong with a profile: not in docker's form, or more than the kernel takes. */
export type SeccompErrorCode = 'PROFILE' | 'TOO_LONG';

/** A seccomp profile that cannot be used. `hint` says what to write instead. */
export class SeccompError extends DomainError<SeccompErrorCode> {
  override readonly name = 'SeccompError';

  static tooLong(length: number, most: number): SeccompError {
    return new SeccompError('TOO_LONG', `the seccomp profile makes ${length} instructions; the kernel takes ${most}`, {
      hint: 'Leave out conditions on arguments, or calls that are decided like all others.',
    });
  }
}
