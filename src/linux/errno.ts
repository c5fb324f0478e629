import { ERRNO_ALIASES, ERRNO_TABLE } from './errno-table.ts';

const nameByNumber = new Map<number, string>(ERRNO_TABLE.map(([number, name]) => [number, name]));
const numberByName = new Map<string, number>(ERRNO_TABLE.map(([number, name]) => [name, number]));
const textByName = new Map<string, string>(ERRNO_TABLE.map(([, name, text]) => [name, text]));
for (const [alias, name] of Object.entries(ERRNO_ALIASES)) {
  const number = numberByName.get(name);
  const text = textByName.get(name);
  if (number !== undefined) numberByName.set(alias, number);
  if (text !== undefined) textByName.set(alias, text);
}

/** Takes a positive error number (errno(3)) and gives its name, such as 'EACCES', or 'errno 999' where it has none. */
export function errnoName(errno: number): string {
  return nameByNumber.get(errno) ?? `errno ${errno}`;
}

/** Takes a name ('EACCES', 'EWOULDBLOCK', or 'errno 999') and gives its number, or undefined for an unknown one. */
export function errnoNumber(name: string): number | undefined {
  const number = numberByName.get(name);
  if (number !== undefined) return number;
  const unnamed = /^errno (\d{1,9})$/.exec(name);
  return unnamed ? Number(unnamed[1]) : undefined;
}

/** Takes a name and gives strerror(3)'s words in the C locale: 'Permission denied', or 'Unknown error'. */
export function errnoText(name: string): string {
  return textByName.get(name) ?? 'Unknown error';
}

/** What a failed system call was doing. `errno` is positive; `path` is a byte string as of bytes.ts. */
export interface LinuxFailure {
  readonly syscall: string;
  readonly errno: number;
  readonly path?: string | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A system call, or a read of /proc, that the kernel refused. `code` is errno's name, as in Node's own errors. */
export class LinuxError extends Error {
  override readonly name = 'LinuxError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string | undefined;
  readonly hint: string | undefined;

  constructor(failure: LinuxFailure) {
    const code = errnoName(failure.errno);
    // JSON's quoting keeps line breaks and bytes that are not UTF-8 in a path from reaching a terminal or a log raw.
    const object = failure.path === undefined ? '' : ` ${JSON.stringify(failure.path)}`;
    super(
      `${failure.syscall}${object}: ${errnoText(code)} (${code})`,
      failure.cause === undefined ? undefined : { cause: failure.cause },
    );
    this.code = code;
    this.errno = failure.errno;
    this.syscall = failure.syscall;
    this.path = failure.path;
    this.hint = failure.hint;
  }
}

/**
 * Takes what a call of `node:fs` threw and gives the same failure as a LinuxError, so that callers meet one class.
 * What is not a failed system call is thrown again as it is.
 */
export function fromNodeError(error: unknown, path?: string, hint?: string): LinuxError {
  if (error instanceof LinuxError) return error;
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') throw error;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : 'system call';
  // libuv's numbers are the negated errno on Linux.
  return new LinuxError({ syscall, errno: Math.abs(error.errno), path, hint, cause: error });
}
