import { parse } from 'smol-toml';

/** More lines than that are not searched: a message without a line is better than a long wait. */
const MOST_LINES = 2000;

function holds(document: unknown, path: readonly string[]): boolean {
  let current = document;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return false;
    current = (current as Readonly<Record<string, unknown>>)[key];
  }
  return true;
}

/**
 * Takes a TOML document without errors and the path of a key in it; gives where the key is written, both counted from 1.
 * The parser does not keep positions, so it is asked how many lines it takes until the key is there: this is for errors only.
 */
export function locateKey(text: string, path: readonly string[]): { line: number; column: number } | undefined {
  const lines = text.split('\n').slice(0, MOST_LINES);
  /** The line after the last at which the document could have ended: where the statement that holds the key begins. */
  let start = 0;
  for (let count = 1; count <= lines.length; count++) {
    let document: unknown;
    try {
      document = parse(lines.slice(0, count).join('\n'));
    } catch {
      continue;
    }
    if (holds(document, path)) {
      const line = lines[start] ?? '';
      const key = path.at(-1) ?? '';
      const at = line.indexOf(key);
      return { line: start + 1, column: (at === -1 ? line.search(/\S|$/) : at) + 1 };
    }
    start = count;
  }
  return undefined;
}
