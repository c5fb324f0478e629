import { errnoOf } from '../../store/error.ts';
import { ProjectError } from '../error.ts';

/** Takes what went wrong with a cache and gives it as an error that names the cache; others' errors stay what they are. */
export function cacheFailure(path: string, what: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { name, message } = cause;
  if (['ProjectError', 'StoreError', 'LaunchError', 'AbortError'].includes(name)) return cause;
  const isForeseen = name === 'ImageError' || name === 'ArchiveError';
  const errno = errnoOf(cause);
  if (!isForeseen && (errno === undefined || !/^E[A-Z0-9]+$/.test(errno))) return cause;
  const hint = 'hint' in cause && typeof cause.hint === 'string' ? cause.hint : undefined;
  const why = isForeseen ? message : String(errno);
  return new ProjectError('CACHE', `the cache ${JSON.stringify(path)} ${what}: ${why}`, { hint, cause });
}
