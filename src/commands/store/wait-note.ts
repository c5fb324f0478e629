import { note } from '../../ui/output.ts';

/** Says what a command waits for that needs the store to itself. */
export function waitNote(holders: readonly number[]): void {
  const who = holders.length === 0 ? 'another command' : `process ${holders.join(', ')}`;
  note(`waiting for ${who} to be done with the store`);
}
