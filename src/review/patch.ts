import { fstatSync, readSync } from 'node:fs';
import { decodeBytes } from '../linux/bytes.ts';
import { lowerEntry } from './layers.ts';
import type { Patch } from './model.ts';
import type { Found } from './scan.ts';
import { unifiedHunks } from './text-diff.ts';
import { baseOf, calls, look, openBelow, openFile, parentOf } from './tree.ts';

/** Larger files are compared by nobody, and named only. Bytes. */
const LARGEST = 4 * 1024 * 1024;
/** As git does it: a NUL in the beginning makes a file binary. Bytes. */
const LOOKED_AT = 8000;

type Content =
  | { readonly kind: 'text'; readonly bytes: Buffer }
  | { readonly kind: 'binary' | 'large' | 'none'; readonly size: number };

/** Gives the change of one file as text; undefined where there is none to be shown: of a directory, a mode. */
export function patchOf(found: Found): Patch | undefined {
  const { change, path } = found;
  const lines: string[] = [];
  if (change.oldMode !== undefined && change.aspects.includes('mode')) {
    lines.push(`old mode ${octal(change.oldMode)}`, `new mode ${octal(change.mode)}`);
  }
  const before = change.change === 'added' ? undefined : oldContent(found);
  const after = change.change === 'deleted' ? undefined : newContent(found);
  if (before === undefined && after === undefined && lines.length === 0) return undefined;
  const old = before === undefined ? '/dev/null' : quotedName('a', path);
  const now = after === undefined ? '/dev/null' : quotedName('b', path);
  const title = `diff --sandbox ${quotedName('a', path)} ${quotedName('b', path)}\n${lines.map((line) => `${line}\n`).join('')}`;
  const nothing: Content = { kind: 'text', bytes: Buffer.alloc(0) };
  const [a, b] = [before ?? nothing, after ?? nothing];
  if (a.kind !== 'text' || b.kind !== 'text') {
    const why = [a.kind, b.kind].includes('large') ? 'Large' : 'Binary';
    return { path, text: `${title}${why} files ${old} and ${now} differ\n`, isBinary: true, added: 0, removed: 0 };
  }
  const hunks = unifiedHunks(decodeBytes(a.bytes), decodeBytes(b.bytes));
  if (hunks.text === '' && lines.length === 0 && change.change === 'modified') return undefined;
  const head = hunks.text === '' ? '' : `--- ${old}\n+++ ${now}\n`;
  return {
    path,
    text: `${title}${head}${hunks.text}`,
    isBinary: false,
    added: hunks.added,
    removed: hunks.removed,
  };
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

/** A name as git writes it in a patch: quoted, if it would break the line or the terminal. */
export function quotedName(side: 'a' | 'b', path: string): string {
  const name = path.startsWith('/') ? `${side}${path}` : `${side}/${path}`;
  let quoted = '';
  for (const character of name) {
    const code = character.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) quoted += ESCAPES[character] ?? `\\${code.toString(8).padStart(3, '0')}`;
    else quoted += ESCAPES[character] ?? character;
  }
  if (quoted === name) return name;
  return `"${quoted}"`;
}

function newContent({ in: { upper }, relative, stored, status, change }: Found): Content | undefined {
  if (status === undefined || (change.kind !== 'file' && change.kind !== 'symlink')) return undefined;
  return within(upper, relative, (directory) => contentOf(directory, stored));
}

/** What the first layer below has that has it. */
function oldContent({ in: { lowers }, relative }: Found): Content | undefined {
  for (const lower of lowers) {
    const content = within(lower, relative, (directory) => {
      const entry = lowerEntry([directory], baseOf(relative));
      return entry === undefined ? undefined : contentOf(directory, entry.name);
    });
    if (content !== undefined) return content;
  }
  return undefined;
}

function within<T>(root: number, relative: string, work: (directory: number) => T): T | undefined {
  const directory = openBelow(root, parentOf(relative), 'stand');
  if (directory < 0) return undefined;
  try {
    return work(directory);
  } finally {
    calls().files.close(directory);
  }
}

function contentOf(directory: number, name: string): Content | undefined {
  const { files } = calls();
  const status = look(directory, name);
  if (status?.isSymbolicLink()) {
    const target = files.readlinkat(directory, name);
    return typeof target === 'string' ? { kind: 'text', bytes: Buffer.from(target, 'latin1') } : undefined;
  }
  if (!status?.isFile()) return undefined;
  const file = openFile(directory, name, status);
  if (file < 0) return { kind: 'none', size: Number(status.size) };
  try {
    const size = Number(fstatSync(file, { bigint: true }).size);
    if (size > LARGEST) return { kind: 'large', size };
    const bytes = Buffer.alloc(size);
    let length = 0;
    while (length < size) {
      const got = readSync(file, bytes, length, size - length, length);
      if (got === 0) break;
      length += got;
    }
    if (bytes.subarray(0, Math.min(length, LOOKED_AT)).includes(0)) return { kind: 'binary', size };
    return { kind: 'text', bytes: bytes.subarray(0, length) };
  } finally {
    files.close(file);
  }
}
