import { DomainError } from '../domain-error.ts';

export type CgroupErrorCode =
  /** No control group can be had here. */
  | 'NO_GROUP'
  /** A controller is not delegated. */
  | 'NO_CONTROLLER'
  /** The kernel refuses a limit. */
  | 'LIMIT'
  /** The user manager refuses or does not answer. */
  | 'MANAGER'
  /** The sandbox was opened without one. */
  | 'UNGROUPED'
  | 'PAUSED';

/** What keeps limits from being set, or a sandbox from being paused. `hint` says what to do about it. */
export class CgroupError extends DomainError<CgroupErrorCode> {
  override readonly name = 'CgroupError';
}

/** Gives errno's name of what a call of node:fs threw, else its text. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
