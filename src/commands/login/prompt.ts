import { printError } from '../../ui/output.ts';
import { UsageError } from '../arguments/usage-error.ts';

const MOST_CHARACTERS = 4096;

/** Keys as a terminal in raw mode gives them. */
const INTERRUPT = '\x03';
const END = '\x04';
const ERASE = ['\x7f', '\b'];
const ERASE_LINE = '\x15';

type Edited =
  | { readonly kind: 'typing'; readonly line: string }
  | { readonly kind: 'entered'; readonly line: string }
  | { readonly kind: 'given up' };

/** Takes a line and the next key and gives what becomes of it. */
function press(line: string, key: string): Edited {
  if (key === '\r' || key === '\n') return { kind: 'entered', line };
  if (key === INTERRUPT || (key === END && line === '')) return { kind: 'given up' };
  if (key === ERASE_LINE) return { kind: 'typing', line: '' };
  if (ERASE.includes(key)) return { kind: 'typing', line: [...line].slice(0, -1).join('') };
  return { kind: 'typing', line: key >= ' ' && line.length < MOST_CHARACTERS ? line + key : line };
}

/**
 * Asks for a line on the terminal of standard input, which must be one; what is typed is shown only with `echo`. The
 * question goes to standard error. Throws a UsageError where the user gives up (Ctrl-C, Ctrl-D).
 */
export async function ask(question: string, { echo }: { readonly echo: boolean }): Promise<string> {
  const { stdin } = process;
  printError(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let line = '';
  try {
    // What was typed ahead stays for the next question.
    for await (const key of keysOf(stdin)) {
      const edited = press(line, key);
      if (edited.kind === 'given up') break;
      if (edited.kind === 'entered') return edited.line;
      const kept = edited.line.startsWith(line) ? edited.line.slice(line.length) : undefined;
      if (echo) printError(kept ?? '\b \b'.repeat([...line].length - [...edited.line].length));
      line = edited.line;
    }
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    printError('\n');
  }
  throw new UsageError('given up');
}

let typedAhead: string[] = [];

async function* keysOf(stdin: NodeJS.ReadStream): AsyncGenerator<string> {
  for (;;) {
    for (let key = typedAhead.shift(); key !== undefined; key = typedAhead.shift()) yield key;
    const text = await new Promise<string | undefined>((resolve) => {
      const settle = (value?: string): void => {
        stdin.off('data', settle);
        stdin.off('end', settle);
        resolve(value);
      };
      stdin.on('data', settle);
      stdin.on('end', settle);
      stdin.resume();
    });
    stdin.pause();
    if (text === undefined) return;
    typedAhead = [...text];
  }
}

/** Reads a password from standard input, to its end; one line break at the end is not part of it. Throws a UsageError. */
export async function readPassword(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > 16 * MOST_CHARACTERS) throw new UsageError('--password-stdin: no password is so long');
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
