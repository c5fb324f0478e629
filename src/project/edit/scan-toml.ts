/*
 * Where things stand in a TOML document (https://toml.io/en/v1.0.0) that smol-toml has accepted: it keeps no positions, and the
 * libraries that do write more anew than what changes. What is scanned here is sure to be well-formed.
 */

/** Characters from `start` up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Element extends Span {
  /** Where the comma behind it stands; the last one may have none. */
  readonly comma: number | undefined;
}

export interface ArrayValue extends Span {
  readonly kind: 'array';
  readonly elements: readonly Element[];
}

export interface TableValue extends Span {
  readonly kind: 'table';
  readonly entries: readonly Statement[];
}

export type Value = ArrayValue | TableValue | (Span & { readonly kind: 'scalar' });

/** `key = value`, from the key's first character to the value's last. */
export interface Statement extends Span {
  /** As written: without that of the table that it stands in. */
  readonly key: readonly string[];
  readonly value: Value;
}

/** What stands under one `[header]`, or before the first one. */
export interface Section {
  /** Of the header's line; undefined for the root. */
  readonly header: Span | undefined;
  readonly path: readonly string[];
  /** `[[path]]` */
  readonly isElement: boolean;
  readonly statements: readonly Statement[];
}

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const SCALAR = /[^,\]}#\r\n]+/y;
const BASIC = /"(?:[^"\\]|\\.)*"/y;
const BASIC_LINES = /"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}/y;
const LITERAL = /'[^']*'/y;
const LITERAL_LINES = /'''(?:[^']|'{1,2}(?!'))*'{3,5}/y;

/** Takes a TOML document without errors and gives its sections, the root first. */
export function scanToml(text: string): Section[] {
  return new Scanner(text).document();
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Section[] {
    const sections: Section[] = [];
    let statements: Statement[] = [];
    sections.push({ header: undefined, path: [], isElement: false, statements });
    if (this.#text.startsWith('\uFEFF')) this.#at = 1;
    for (this.#skip(); this.#at < this.#text.length; this.#skip()) {
      if (this.#text[this.#at] !== '[') {
        statements.push(this.#statement());
        continue;
      }
      const start = this.#at;
      const isElement = this.#text.startsWith('[[', start);
      this.#at += isElement ? 2 : 1;
      const path = this.#key();
      this.#at += isElement ? 2 : 1;
      statements = [];
      sections.push({ header: { start, end: this.#at }, path, isElement, statements });
    }
    return sections;
  }

  /** Passes over white space, line breaks and comments. */
  #skip(): void {
    this.#take(/(?:[ \t\r\n]|#[^\n]*)*/y);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #statement(): Statement {
    const { start, key } = { start: this.#at, key: this.#key() };
    this.#at += 1;
    this.#skip();
    const value = this.#value();
    return { start, end: value.end, key, value };
  }

  /** A key with its dots, and the white space behind it. */
  #key(): string[] {
    const parts: string[] = [];
    do {
      if (parts.length > 0) this.#at += 1;
      this.#skip();
      parts.push(this.#take(BARE_KEY) || this.#quotedKey());
      this.#skip();
    } while (this.#text[this.#at] === '.');
    return parts;
  }

  #quotedKey(): string {
    const literal = this.#take(LITERAL);
    return literal === '' ? unescaped(this.#take(BASIC)) : literal.slice(1, -1);
  }

  #value(): Value {
    const start = this.#at;
    const first = this.#text[start];
    if (first === '[') return this.#array();
    if (first === '{') return this.#table();
    if (first === '"') this.#take(this.#text.startsWith('"""', start) ? BASIC_LINES : BASIC);
    else if (first === "'") this.#take(this.#text.startsWith("'''", start) ? LITERAL_LINES : LITERAL);
    // A date may have a blank in it, but does not end in one.
    else this.#at = start + this.#take(SCALAR).trimEnd().length;
    return { kind: 'scalar', start, end: this.#at };
  }

  #array(): ArrayValue {
    const { start, items, commas } = this.#list(']', () => this.#value());
    const elements = items.map((item, index) => ({ start: item.start, end: item.end, comma: commas[index] }));
    return { kind: 'array', start, end: this.#at, elements };
  }

  #table(): TableValue {
    const { start, items: entries } = this.#list('}', () => this.#statement());
    return { kind: 'table', start, end: this.#at, entries };
  }

  #list<Item>(close: string, item: () => Item): { start: number; items: Item[]; commas: number[] } {
    const start = this.#at;
    const items: Item[] = [];
    const commas: number[] = [];
    this.#at += 1;
    for (this.#skip(); this.#at < this.#text.length && this.#text[this.#at] !== close; this.#skip()) {
      if (this.#text[this.#at] !== ',') items.push(item());
      else commas.push(this.#at++);
    }
    this.#at += 1;
    return { start, items, commas };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b' };

/** Takes a basic string of one line, with its quotes. */
function unescaped(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u(.{4})|U(.{8})|x(.{2})|(.))/g, (_, short?: string, long?: string, byte?: string, one?: string) => {
      const hex = short ?? long ?? byte;
      return hex === undefined ? (ESCAPES[one ?? ''] ?? one ?? '') : String.fromCodePoint(Number.parseInt(hex, 16));
    });
}
