import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { environmentOf, type TestUser } from '../../support/user.ts';

const PATIENCE_MS = 60_000;

/** `sandbox up` in the foreground. */
export class Up {
  stdout = '';
  stderr = '';
  readonly process: ChildProcess;
  /** Its exit status. */
  readonly ended: Promise<number | null>;
  #wake: () => void = () => {};
  #isOver = false;

  constructor(
    t: TestContext,
    user: TestUser,
    { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
    words: readonly string[],
  ) {
    const child = spawn(user.sandbox, ['up', ...words], {
      cwd,
      env: environmentOf(user, env),
      ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    this.process = child;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.#wake();
      });
    }
    this.ended = once(child, 'close').then(([status]) => {
      this.#isOver = true;
      this.#wake();
      return status;
    });
  }

  /** Waits until what was written to one of the streams matches. */
  async see(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match !== null) return match;
      const left = deadline - Date.now();
      const said = `${this.stdout}\n${this.stderr}`;
      assert.ok(left > 0 && !this.#isOver, `${pattern} is not in ${stream}: ${said}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 500));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Asks it to end and gives its exit status. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.process.kill(signal);
    return await this.ended;
  }
}
