import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { fsPath } from '../../linux/paths.ts';
import { ProjectError } from '../error.ts';

/** As TOML has it: strings, numbers, booleans, dates, lists and tables. */
export type Table = Readonly<Record<string, unknown>>;

/** A file of the project. */
export interface Document {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly text: string;
  readonly table: Table;
  /** A value that nothing in the file can have, and why. */
  readonly unusable: { readonly path: readonly string[]; readonly message: string } | undefined;
}

const MOST_BYTES = 256 * 1024;
/** Of lists and tables in each other. */
const MOST_DEPTH = 32;

/** Reads a file, undefined where there is none. Throws a ProjectError. */
export function readDocument(path: string, uid = process.getuid?.() ?? 0): Document | undefined {
  const bytes = contentOf(path, uid);
  if (bytes === undefined) return undefined;
  if (!isUtf8(bytes)) throw new ProjectError('INVALID', `${path}:${lineOfInvalid(bytes)}:1: the line is not UTF-8`);
  const text = bytes.toString('utf8');
  const table = parseToml(text, path);
  return { path, bytes, text, table, unusable: settle(table) };
}

/**
 * A fifo would not end, a link lead elsewhere, and in a directory that others can write to they could put a file beside ours
 * (find.ts): only a regular file of the user's, or of root's, counts.
 */
function contentOf(path: string, uid: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ENOENT') return undefined;
    const what = code === 'ELOOP' ? 'is a symbolic link' : `cannot be read: ${code}`;
    throw new ProjectError('INVALID', `${path} ${what}`, {
      hint: 'it has to be a regular file that you can read',
      cause,
    });
  }
  try {
    const about = fstatSync(descriptor);
    if (!about.isFile()) throw new ProjectError('INVALID', `${path} is no regular file`);
    if (about.uid !== uid && about.uid !== 0) {
      throw new ProjectError('INVALID', `${path} belongs to somebody else (uid ${about.uid})`, {
        hint: 'a file that you did not write is not used: copy it, if you know what it says',
      });
    }
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > MOST_BYTES) {
      throw new ProjectError('INVALID', `${path} is too large: it may have ${MOST_BYTES / 1024} kB`, {
        hint: 'long scripts are better kept in files of their own, as `inputs` of the step',
      });
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function lineOfInvalid(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const next = end === -1 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, next))) return line;
    start = next;
  }
  return line;
}

const UNSAFE = 'document contains an unsafe property';

function parseToml(text: string, path: string): Table {
  try {
    return parse(text, { maxDepth: MOST_DEPTH, unsafeKeyBehaviour: 'throw', integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with a picture of the line.
    const [first = ''] = error.message.split('\n');
    const what = first
      .replace(/^Invalid TOML document: /, '')
      .replace(UNSAFE, '__proto__ and constructor cannot be names');
    throw new ProjectError('INVALID', `${path}:${error.line}:${error.column}: ${what}`, {
      hint: tomlHint(what) ?? 'the file is TOML: https://toml.io',
    });
  }
}

function tomlHint(what: string): string | undefined {
  if (what.includes('already defined')) return 'a table or a key stands in the file twice';
  if (what.includes('invalid value') || what.includes('invalid number')) return 'text stands in quotes: name = "value"';
  if (what.includes('control characters are not allowed in strings')) {
    return `text ends with its quote on the same line; several lines stand in """ or '''`;
  }
  return undefined;
}

/**
 * Turns whole numbers, which the parser gives as bigint so that 3.0 is not 3, into numbers. Gives the first value that nothing in the
 * file can have, and why.
 */
function settle(document: Table): Document['unusable'] {
  let unusable: Document['unusable'];
  const open: Array<readonly [path: readonly string[], table: object]> = [[[], document]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [above, table] = next;
    for (const [name, value] of Object.entries(table)) {
      const path = [...above, name];
      const message = unusableFor(value, path);
      if (message !== undefined) unusable ??= { path, message };
      if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) Reflect.set(table, name, Number(value));
      // Deeper there is nothing that the schema knows; and keys with dots can make a document deep.
      const isTable = typeof value === 'object' && value !== null && !(value instanceof Date);
      if (isTable && path.length <= MOST_DEPTH) open.push([path, value]);
    }
  }
  return unusable;
}

function unusableFor(value: unknown, path: readonly string[]): string | undefined {
  if (value instanceof Date) return 'is a date, which no key takes: text stands in quotes';
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    return 'has a character that no argument can have, such as NUL';
  }
  const isVariable = path.at(-2) === 'env' || path.at(-3) === 'each';
  const isWhole = typeof value === 'number' && Number.isInteger(value);
  return isVariable && isWhole ? `would be ${value}: a number with a point stands in quotes` : undefined;
}
