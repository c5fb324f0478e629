import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { LineSplitter, LONGEST_IN_LOG } from './lines.ts';
import { type LogLine, parseLogLine } from './log.ts';

const PIECE = 256 * 1024;

/** A service's log that is read while it grows, and when it is moved away for a new one. */
export class FollowedLog {
  readonly #path: string;
  readonly #service: string;
  readonly #splitter: LineSplitter;
  #lines: LogLine[] = [];
  #file: number | undefined;
  #offset = 0;

  constructor(path: string, service: string) {
    this.#path = path;
    this.#service = service;
    this.#splitter = new LineSplitter((line) => {
      const parsed = parseLogLine(service, line);
      if (parsed !== undefined) this.#lines.push(parsed);
    }, LONGEST_IN_LOG);
  }

  /** Gives all that is there, oldest first. */
  begin(): readonly LogLine[] {
    const older = new FollowedLog(`${this.#path}.1`, this.#service);
    const lines = [...older.more(), ...this.more()];
    older.#close();
    return lines;
  }

  /** Passes over all that is there. */
  skip(): void {
    this.#file ??= open(this.#path);
    if (this.#file !== undefined) this.#offset = fstatSync(this.#file).size;
  }

  /** Gives what was written since. */
  more(): readonly LogLine[] {
    this.#read();
    // What was written between the last look and the move was read from the old file, by its descriptor.
    if (this.#wasMoved()) {
      this.#close();
      this.#read();
    }
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  #read(): void {
    this.#file ??= open(this.#path);
    if (this.#file === undefined) return;
    const piece = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const size = readSync(this.#file, piece, 0, PIECE, this.#offset);
      if (size === 0) return;
      this.#offset += size;
      this.#splitter.write(piece.subarray(0, size));
    }
  }

  #wasMoved(): boolean {
    if (this.#file === undefined) return false;
    const now = open(this.#path);
    if (now === undefined) return false;
    const isOther = fstatSync(now).ino !== fstatSync(this.#file).ino;
    closeSync(now);
    return isOther;
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#offset = 0;
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(fsPath(path), 'r');
  } catch {
    return undefined;
  }
}
