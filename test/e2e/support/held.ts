import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { environmentOf, type RunOptions, type TestUser } from '../../support/user.ts';

/** A sandbox that a test keeps open, with a shell inside that does what it is told. */
export interface Held {
  readonly process: ChildProcessWithoutNullStreams;
  /** Runs a line of the shell in it and gives what it printed. */
  tell(line: string): Promise<string>;
  /** Its exit status, when it ends by itself. */
  readonly ended: Promise<number | null>;
  /** Ends the shell and waits for its sandbox; gives the exit status. */
  end(): Promise<number | null>;
}

/** Starts `sandbox WORDS -- sh` and waits until the shell answers. */
export async function hold(
  t: TestContext,
  user: TestUser,
  { cwd, env }: Pick<RunOptions, 'env'> & { readonly cwd: string },
  words: readonly string[],
): Promise<Held> {
  const child = spawn(user.sandbox, [...words, '--', 'sh'], {
    cwd,
    env: environmentOf(user, env),
    ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
  });
  t.after(() => child.kill('SIGKILL'));
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = once(child, 'close').then(([status]) => status);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (line: string): Promise<string> => {
    const said: string[] = [];
    child.stdin.write(`${line}\necho "end of answer"\n`);
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(done !== true, `the shell ended: ${complaints}`);
      if (value === 'end of answer') return said.join('\n');
      said.push(value);
    }
  };
  await tell(':');
  return {
    process: child,
    tell,
    ended,
    end: async () => {
      child.stdin.end();
      return await ended;
    },
  };
}
