import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { environmentOf, type TestUser } from './user.ts';

const DRIVER = join(import.meta.dirname, 'pseudo_terminal.py');
const PATIENCE = 60_000;

export interface TerminalOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly rows?: number;
  readonly columns?: number;
}

interface Answer {
  readonly event: 'started' | 'exited' | 'answer';
  readonly pid?: number;
  readonly status?: number;
  readonly modes?: readonly number[];
  readonly characters?: readonly number[];
  readonly group?: number;
}

/** A program on a pseudo-terminal of its own, as its session leader: what a person at a terminal window sees and types. */
export class Terminal {
  /** All that was shown so far. */
  shown = '';
  readonly #driver: ChildProcess;
  readonly #input: Writable;
  readonly #requests: Writable;
  readonly #answers: Answer[] = [];
  #exited: number | undefined;
  #seen = 0;
  #wake: () => void = () => {};
  #pid = 0;

  private constructor(driver: ChildProcess) {
    const [input, output, , requests, answers] = driver.stdio;
    assert(input && output && requests && answers);
    this.#driver = driver;
    this.#input = input;
    this.#requests = requests as Writable;
    this.#listen(output as Readable, (text) => {
      this.shown += text;
    });
    let rest = '';
    this.#listen(answers as Readable, (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as Answer);
    });
    for (const stream of [input, this.#requests]) stream.on('error', () => {}); // the driver has ended
  }

  /** Opens a terminal and runs `argv` on it as the account; ends what is left of it with the test. */
  static async open(
    t: TestContext,
    user: TestUser,
    argv: readonly string[],
    options: TerminalOptions = {},
  ): Promise<Terminal> {
    const isRoot = process.getuid?.() === 0;
    const specification = {
      argv,
      rows: options.rows ?? 24,
      columns: options.columns ?? 80,
      cwd: options.cwd ?? user.home,
      env: environmentOf(user, { TERM: 'xterm', ...options.env }),
      uid: isRoot ? user.uid : null,
      gid: user.gid,
    };
    const words = [DRIVER, JSON.stringify(specification)];
    const terminal = new Terminal(spawn('python3', words, { stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'] }));
    t.after(() => terminal.#driver.kill('SIGKILL'));
    await terminal.#until(() => terminal.#pid !== 0, 'the program to start');
    return terminal;
  }

  /** The program on the terminal. */
  get pid(): number {
    return this.#pid;
  }

  type(text: string): void {
    this.#input.write(text);
  }

  /** Waits until something that matches is shown, behind what was waited for before; gives the match. */
  async see(pattern: RegExp): Promise<RegExpExecArray> {
    const find = () => pattern.exec(this.shown.slice(this.#seen));
    await this.#until(() => find() !== null, `${pattern} to be shown`);
    const match = find();
    assert(match);
    this.#seen += match.index + match[0].length;
    return match;
  }

  /** Waits for the program's end and gives its exit status, or the negative number of the signal that ended it. */
  async end(): Promise<number> {
    await this.#until(() => this.#exited !== undefined, 'the program to end');
    assert(this.#exited !== undefined);
    return this.#exited;
  }

  get ended(): boolean {
    return this.#exited !== undefined;
  }

  /** The kernel tells the foreground process group of it: SIGWINCH. */
  async resize(rows: number, columns: number): Promise<void> {
    await this.#ask(`resize ${rows} ${columns}`);
  }

  /** termios(3): the four words of flags, and the control characters. */
  async modes(): Promise<unknown> {
    const { modes, characters } = await this.#ask('modes');
    return { modes, characters };
  }

  /** tcgetpgrp(3) */
  async foreground(): Promise<number> {
    return (await this.#ask('foreground')).group ?? 0;
  }

  /** As when its window is closed: SIGHUP, and nobody reads or writes any more. */
  async close(): Promise<void> {
    await this.#ask('close');
  }

  async #ask(request: string): Promise<Answer> {
    const before = this.#answers.length;
    this.#requests.write(`${request}\n`);
    await this.#until(() => this.#answers.length > before, `an answer to ${request}`);
    const answer = this.#answers[before];
    assert(answer);
    return answer;
  }

  #listen(stream: Readable, onText: (text: string) => void): void {
    stream.setEncoding('utf8').on('data', (text: string) => {
      onText(text);
      this.#wake();
    });
  }

  #take(answer: Answer): void {
    if (answer.event === 'started') this.#pid = answer.pid ?? 0;
    else if (answer.event === 'exited') this.#exited = answer.status;
    else this.#answers.push(answer);
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!condition()) {
      const left = deadline - Date.now();
      const isUp = left > 0 && this.#driver.exitCode === null;
      assert(isUp, `waited in vain for ${what}; shown: ${JSON.stringify(this.shown.slice(this.#seen))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
