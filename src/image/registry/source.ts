import { ImageError } from '../error.ts';
import type { Connection } from './connection.ts';
import type { Pace } from './pace.ts';
import type { Wait } from './retry.ts';

/** Tries where nothing else is left to ask, and where there is: after a mirror. */
const TRIES = { last: 5, other: 2 } as const;

/** Where a repository can be had, in order of preference: the last one is the registry itself. */
export interface Source {
  readonly connections: readonly Connection[];
  /** Those that did not answer as a registry does: they are not asked again. */
  readonly down: Set<Connection>;
  readonly pace: Pace;
  readonly onWait: ((wait: Wait) => void) | undefined;
}

/** Does the work with the first connection that can. Throws the failure of the last one. */
export async function fromAny<T>(
  { connections, down }: Source,
  signal: AbortSignal,
  work: (connection: Connection, tries: number) => Promise<T>,
): Promise<T> {
  const failures: ImageError[] = [];
  const last = connections.at(-1);
  for (const connection of connections) {
    if (connection !== last && down.has(connection)) continue;
    try {
      return await work(connection, connection === last ? TRIES.last : TRIES.other);
    } catch (error) {
      signal.throwIfAborted();
      // A full disk is the same everywhere.
      if (!(error instanceof ImageError) || error.code === 'UNPACK') throw error;
      if (error.code === 'REGISTRY') down.add(connection);
      failures.push(error);
    }
  }
  throw withMirrors(failures);
}

/** The last failure, with what the mirrors said before. */
function withMirrors(failures: readonly ImageError[]): ImageError {
  const last = failures.at(-1) ?? new ImageError('REGISTRY', 'there is no registry to ask');
  const mirrors = failures.slice(0, -1).map(({ message }) => `the mirror before it failed too: ${message}`);
  if (mirrors.length === 0) return last;
  return new ImageError(last.code, last.message, { hint: [last.hint ?? '', ...mirrors].join('\n'), cause: last.cause });
}
