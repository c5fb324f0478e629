import { DomainError } from '../domain-error.ts';

/** What keeps a sandbox from being opened as asked. */
export type SandboxErrorCode =
  | 'NO_OVERLAY'
  | 'NO_DRIVER'
  | 'NO_REVIEW'
  | 'NO_USER'
  | 'RUNNING'
  | 'REMOVAL'
  | 'MISMATCH'
  | 'LAYERS_GONE'
  | 'TOO_MANY_LAYERS';

/** A request that cannot be met here. `hint` says what to do about it. */
export class SandboxError extends DomainError<SandboxErrorCode> {
  override readonly name = 'SandboxError';
}
