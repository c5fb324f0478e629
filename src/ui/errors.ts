import type { Colours } from './colour.ts';
import { printable } from './printable.ts';

/** What every domain's error has: `code` names it for programs, `hint` says what to do, `cause` is what it came from. */
interface ForeseenError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
}

/** Takes anything thrown; says whether somebody foresaw it, and so wrote its message for people. */
export function isDomainError(error: unknown): error is ForeseenError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'hint' in error;
}

/** A failed system call that nobody wrapped: a full disk in the middle of something, say. No bug, but no hint either. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}

/** The error and its causes, outermost first; a cause is left out whose words, or whose errno, were said before. */
function chain(error: Error): Error[] {
  const errors = [error];
  let said = error.message;
  let cause = error.cause;
  // The count only guards against an error that causes itself.
  for (let depth = 0; depth < 8 && cause instanceof Error; depth++) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    if (!said.includes(cause.message) && (code === undefined || !said.includes(code))) {
      errors.push(cause);
      said += cause.message;
    }
    cause = cause.cause;
  }
  return errors;
}

function hints(error: Error): string[] {
  const found = new Set<string>();
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if ('hint' in current && typeof current.hint === 'string')
      for (const line of current.hint.split('\n')) found.add(line);
    current = current.cause;
  }
  return [...found].filter((line) => line.trim() !== '');
}

/**
 * Takes anything thrown and gives the text for standard error: `sandbox: what failed: why` and a line for each hint. What
 * nobody foresaw is a bug of ours: its stack is shown, with a note that it should be reported.
 */
export function errorText(error: unknown, { bad, faint }: Colours): string {
  const label = bad('sandbox:');
  if (isDomainError(error) || isSystemError(error)) {
    const message = chain(error).map((each) => each.message);
    const lines = hints(error).map((hint) => `  ${faint('hint:')} ${printable(hint)}\n`);
    return `${label} ${printable(message.join(': '))}\n${lines.join('')}`;
  }
  const thrown = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  const advice = 'This is a bug in sandbox. Please report it with the text above and the command that led to it.';
  return `${label} unexpected failure\n${faint(printable(thrown))}\n${advice}\n`;
}
