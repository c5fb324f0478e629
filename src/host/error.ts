import { DomainError } from '../domain-error.ts';

/** What kind of thing about the host went wrong. */
export type HostErrorCode =
  /** A file or directory of the store cannot be written or read. */
  | 'STORE'
  /** The file system of the store, or the user's quota on it, is full. */
  | 'STORE_FULL'
  /** `/` itself cannot be listed. */
  | 'ROOT_UNREADABLE';

/** Something about the host that keeps a sandbox from being made. `hint` says what to do about it. */
export class HostError extends DomainError<HostErrorCode> {
  override readonly name = 'HostError';
}

/** Takes what a call of node:fs threw and gives errno's name ('ENOENT'), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('errno' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
