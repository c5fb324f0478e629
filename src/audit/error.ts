import { DomainError } from '../domain-error.ts';

export type AuditErrorCode = 'NO_LOG' | 'BAD_LOG' | 'INCOMPLETE' | 'NOTHING_LEARNT';

/** What was written down while a sandbox ran cannot be read, or does not say enough. */
export class AuditError extends DomainError<AuditErrorCode> {
  override readonly name = 'AuditError';

  static missing(path: string, cause: unknown): AuditError {
    return new AuditError('NO_LOG', `there is no audit log ${path}`, {
      hint: 'a log is only kept where the command was started with --report or --learn',
      cause,
    });
  }

  static damaged(reason: string): AuditError {
    return new AuditError('BAD_LOG', `the audit log cannot be read: ${reason}`);
  }

  static incomplete(dropped: number): AuditError {
    return new AuditError('INCOMPLETE', `the audit log is full: ${dropped} records are not in it`, {
      hint: 'a profile that lacks calls would be of no use: learn from a shorter run',
    });
  }

  static nothingLearnt(): AuditError {
    return new AuditError('NOTHING_LEARNT', 'the audit log does not say which system calls were made', {
      hint: 'that is only written down where the command was started with --learn',
    });
  }
}
