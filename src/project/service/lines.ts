import { StringDecoder } from 'node:string_decoder';

/** A line that never ends is given in pieces of so many characters. */
const LONGEST = 64 * 1024;
/** In a log there is a time in front of it. */
export const LONGEST_IN_LOG = LONGEST + 256;

/** Takes bytes as they come and gives whole lines, without their end: a character of several bytes is never split. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #longest: number;
  #rest = '';

  constructor(onLine: (line: string) => void, longest = LONGEST) {
    this.#onLine = onLine;
    this.#longest = longest;
  }

  write(bytes: Buffer): void {
    this.#take(this.#decoder.write(bytes));
  }

  /** No more comes: what is left is a line too. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (this.#rest.length > this.#longest) {
      // Not between the two halves of a surrogate pair.
      const code = this.#rest.charCodeAt(this.#longest - 1);
      const end = code >= 0xd800 && code < 0xdc00 ? this.#longest - 1 : this.#longest;
      this.#onLine(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end);
    }
  }
}
