import { unexpected } from '../arguments/usage-error.ts';

/** Takes the text after `-c`. Throws UsageError. */
export function parseScript(text: string): string {
  if (text === '' || text.includes('\0')) throw unexpected('a command', text);
  return text;
}

/** Takes the number of a step, from 1 on. Throws UsageError. */
export function parseStepNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw unexpected('the number of a step', text, 'the first one is 1');
}

/** Gives the command: a script for /bin/sh with the words after `--` as its arguments, or these. */
export function scriptOr(
  script: string | undefined,
  rest: readonly string[] | undefined,
): readonly string[] | undefined {
  if (script === undefined) return rest;
  return ['/bin/sh', '-c', script, 'sh', ...(rest ?? [])];
}
