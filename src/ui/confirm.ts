import { readSync } from 'node:fs';
import { isatty } from 'node:tty';
import { printError } from './output.ts';

/** Takes what was typed and says whether it means yes; everything else means no. */
export function meansYes(answer: string): boolean {
  return /^\s*y(es)?\s*$/i.test(answer);
}

/** Asks on standard error and waits for a line. Where standard input is no terminal nobody is asked, and it is a yes. */
export function isConfirmed(question: string): boolean {
  if (!isatty(0)) return true;
  printError(`${question} [y/N] `);
  const line = Buffer.alloc(256);
  try {
    return meansYes(line.toString('utf8', 0, readSync(0, line)));
  } catch {
    return false;
  }
}
