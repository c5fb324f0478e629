import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { needs } from '../../packages.ts';
import { environmentOf, needsAccount, type Result, sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { account } from '../support/inside.ts';

/** For a test's options: services are busybox's programs. */
export const services = { skip: needsAccount('subordinate') || needs('busybox') };
export const servicesOfBare = { skip: needsAccount('bare') || needs('busybox') };

/** A project in a directory of its own, whose services are ended with the test. */
export interface TestProject {
  readonly user: TestUser;
  readonly directory: string;
  readonly write: (toml: string) => void;
  /** Runs `sandbox WORDS` in it to its end. */
  readonly run: (words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Result>;
  readonly up: (words?: readonly string[], env?: Readonly<Record<string, string>>) => Up;
}

export function project(t: TestContext, toml: string, kind: 'subordinate' | 'bare' = 'subordinate'): TestProject {
  const user = account(kind);
  // Before the directory is removed, which is the next thing that is done at the end.
  let end = async (): Promise<unknown> => undefined;
  t.after(async () => await end());
  const directory = workDirectory(t, user);
  const write = (text: string): void => {
    writeFileSync(`${directory}/sandbox.toml`, text);
    chownSync(`${directory}/sandbox.toml`, user.uid, user.gid);
  };
  write(`image = "host"\n${toml}`);
  const run: TestProject['run'] = async (words, env = {}) => await sandbox(user, words, { cwd: directory, env });
  end = async () => await run(['down']);
  return {
    user,
    directory,
    write,
    run,
    up: (words = [], env = {}) => new Up(t, user, directory, words, env),
  };
}

const PATIENCE_MS = 60_000;

/** `sandbox up` in the foreground. */
export class Up {
  stdout = '';
  stderr = '';
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  #wake: () => void = () => {};
  #isOver = false;

  constructor(
    t: TestContext,
    user: TestUser,
    cwd: string,
    words: readonly string[],
    env: Readonly<Record<string, string>>,
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

/** Gives a TCP port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
