import { isSea } from 'node:sea';

/** Gives the words that start this program again with a hidden command. */
export function ownCommand(name: string): readonly string[] {
  const script = process.argv[1];
  return [process.execPath, ...(isSea() || script === undefined ? [] : [script]), name];
}
