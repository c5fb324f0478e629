import { statSync } from 'node:fs';
import { encodeBytes } from '../../linux/bytes.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { realHostPath } from './host-files.ts';

/** A socket of the user's session, looked for. */
export interface SocketWish {
  readonly option: string;
  /** What it leads to: `the ssh-agent`. */
  readonly what: string;
  readonly unsafePath: string;
  readonly uid: number;
  /** Some servers run as root. */
  readonly orRoot?: boolean;
  readonly hint?: string;
}

/** Gives the real path of a socket that is there and the user's own. Throws UsageError. */
export function sessionSocket({ option, what, unsafePath, uid, orRoot, hint }: SocketWish): string {
  if (!unsafePath.startsWith('/')) {
    throw new UsageError(`${option}: ${what} has no absolute path: ${unsafePath}`, { hint });
  }
  let path: string;
  try {
    path = realHostPath(option, unsafePath, () => '/');
  } catch (error) {
    throw new UsageError(`${option}: ${what} is gone: ${unsafePath}`, {
      hint,
      cause: error instanceof Error ? error.cause : error,
    });
  }
  const about = statSync(encodeBytes(path));
  if (!about.isSocket()) throw new UsageError(`${option}: ${unsafePath} is no socket`, { hint });
  if (about.uid === uid || (orRoot && about.uid === 0)) return path;
  throw new UsageError(`${option}: ${unsafePath} belongs to another user (${about.uid})`, {
    hint: 'what stands behind it is not yours to hand on',
  });
}
