/** Where something is written, both counted from 1; columns in UTF-16 units, as editors count them. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Takes a TOML document without errors and the path of a key in it (an element of a list, or a table of `[[…]]`, by its number
 * from 0 on); gives where the key is written. The parser keeps no positions, so the text is scanned again: for errors only.
 */
export function locateKey(text: string, path: readonly string[]): Position | undefined {
  const found = search(text, path);
  return found.length === path.length ? positionOf(text, found.offset) : undefined;
}

function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}

/** Not on the way to what is looked for. */
const ASTRAY = -1;

interface Found {
  /** So many keys of the path were found. */
  length: number;
  offset: number;
}

/**
 * Goes through the document once, https://toml.io/en/v1.0.0. A place in it is known by how many keys of the wanted path lead there,
 * or ASTRAY; so deep tables cost no more than their text.
 */
function search(text: string, path: readonly string[]): Found {
  const found: Found = { length: 0, offset: 0 };
  /** By the number of keys that lead to a list of tables: how many it has so far. */
  const tables: number[] = [];
  let at = 0;

  const step = (depth: number, key: string, offset: number): number => {
    if (depth === ASTRAY || depth >= path.length || path[depth] !== key) return ASTRAY;
    if (depth + 1 > found.length) Object.assign(found, { length: depth + 1, offset });
    return depth + 1;
  };
  const skip = (characters: RegExp): void => {
    characters.lastIndex = at;
    at += characters.exec(text)?.[0].length ?? 0;
  };

  const string = (): string => {
    const quote = text[at] ?? '';
    const long = text.startsWith(quote.repeat(3), at);
    const mark = long ? quote.repeat(3) : quote;
    const start = at + mark.length;
    at = start;
    while (at < text.length && !text.startsWith(mark, at)) at += text[at] === '\\' && quote === '"' ? 2 : 1;
    const end = Math.min(at, text.length);
    at = end + mark.length;
    // A string in three quotes may end in one or two of its own.
    while (long && text[at] === quote) at += 1;
    return text.slice(start, end);
  };
  const key = (
    depth: number,
    isHeader: boolean,
    last: (depth: number, name: string, offset: number) => number,
  ): number => {
    for (let current = depth; ; ) {
      skip(BLANK);
      const offset = at;
      const quote = text[at];
      const name = quote === '"' || quote === "'" ? nameOf(quote, string()) : bareKey();
      skip(BLANK);
      if (text[at] !== '.') return last(current, name, offset);
      at += 1;
      current = step(current, name, offset);
      const count = isHeader && current !== ASTRAY ? tables[current] : undefined;
      if (count !== undefined) current = step(current, `${count - 1}`, offset);
    }
  };
  const bareKey = (): string => {
    const start = at;
    skip(BARE);
    return text.slice(start, at);
  };

  const value = (depth: number): void => {
    const character = text[at];
    if (character === '"' || character === "'") string();
    else if (character === '[') list(depth);
    else if (character === '{') inlineTable(depth);
    else skip(SCALAR);
  };
  const list = (depth: number): void => {
    at += 1;
    for (let index = 0; ; index++) {
      skip(VOID);
      if (at >= text.length || text[at] === ']') break;
      const start = at;
      value(step(depth, `${index}`, at));
      skip(VOID);
      if (text[at] === ',') at += 1;
      else if (at === start) break;
    }
    at += 1;
  };
  const inlineTable = (depth: number): void => {
    at += 1;
    for (;;) {
      skip(VOID);
      if (at >= text.length || text[at] === '}') break;
      const start = at;
      pair(depth);
      skip(VOID);
      if (text[at] === ',') at += 1;
      else if (at === start) break;
    }
    at += 1;
  };
  const pair = (depth: number): void => {
    const inner = key(depth, false, step);
    if (text[at] === '=') at += 1;
    skip(BLANK);
    value(inner);
  };
  const header = (): number => {
    const isList = text[at + 1] === '[';
    at += isList ? 2 : 1;
    const depth = key(0, true, (before, name, offset) => {
      const inner = step(before, name, offset);
      if (!isList || inner === ASTRAY) return inner;
      const index = tables[inner] ?? 0;
      tables[inner] = index + 1;
      return step(inner, `${index}`, offset);
    });
    at += isList ? 2 : 1;
    return depth;
  };

  let table = 0;
  while (found.length < path.length) {
    skip(VOID);
    if (at >= text.length) break;
    const start = at;
    if (text[at] === '[') table = header();
    else pair(table);
    if (at === start) at += 1;
  }
  return found;
}

const BLANK = /[ \t]*/y;
const BARE = /[A-Za-z0-9_-]*/y;
/** Numbers, dates, true and false. */
const SCALAR = /[^\s,\]}#]*/y;
/** Blanks, line ends and comments. */
const VOID = /(?:[\s\ufeff]|#[^\n]*)*/y;

function nameOf(quote: string, inner: string): string {
  if (quote === "'" || !inner.includes('\\')) return inner;
  const escaped = inner.replace(
    /\\U([0-9A-Fa-f]{8})|\\x([0-9A-Fa-f]{2})|\\e/g,
    (whole, long?: string, short?: string) => {
      const code = long === undefined && short === undefined ? 0x1b : Number.parseInt(long ?? short ?? '', 16);
      return code > 0x10ffff ? whole : JSON.stringify(String.fromCodePoint(code)).slice(1, -1);
    },
  );
  try {
    return String(JSON.parse(`"${escaped}"`));
  } catch {
    return inner;
  }
}
