import { UsageError } from '../arguments/usage-error.ts';
import { oneOf } from './choice.ts';

/** Shells that there is code for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Takes the name of a shell as it was typed, if it was. Throws UsageError. */
export function parseShell(name: string | undefined): (typeof SHELLS)[number] {
  if (name === undefined) throw new UsageError('no shell given', { hint: `expected ${SHELLS.join(', ')}` });
  return oneOf(SHELLS)(name);
}
