import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PLACE } from './place.ts';

/** Milliseconds between two looks at its log, and in all. */
const STEP = 10;
const LONGEST = 20_000;

let serial = 0;

/** A registry that answers. */
export interface Served {
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * Starts Debian's docker-registry on a free port of the loopback interface, over the images of the tests; it ends with
 * this process at the latest. Several may serve the same images, as long as none is writable.
 */
export async function serve({
  writable = false,
  storage: rootdirectory = PLACE.storage,
}: {
  readonly writable?: boolean;
  /** Another one than that of the images, which lies in PLACE too. */
  readonly storage?: string;
} = {}): Promise<Served> {
  const settings = `${PLACE.root}/${writable ? 'writable' : 'serve'}-${process.pid}-${serial++}.yml`;
  const storage = {
    filesystem: { rootdirectory },
    maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: !writable } },
  };
  // JSON is YAML. The port that was chosen is said in a line of its log.
  const log = { level: 'info', accesslog: { disabled: true } };
  const http = { addr: '127.0.0.1:0', secret: 'of the tests' };
  writeFileSync(settings, JSON.stringify({ version: 0.1, log, storage, http }));
  const env = { PATH: process.env.PATH ?? '', OTEL_TRACES_EXPORTER: 'none' };
  // Its log goes to a file: a pipe would fill up while this process waits for something else.
  const output = openSync(`${settings}.log`, 'w+');
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'docker-registry', 'serve', settings], {
    env,
    stdio: ['ignore', 'ignore', output],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.kill('SIGTERM')) await ended;
  };
  const said = (): string => readFileSync(`${settings}.log`, 'utf8');
  try {
    for (let waited = 0; child.exitCode === null && waited < LONGEST; waited += STEP) {
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(said())?.[1];
      if (port !== undefined) return { host: `127.0.0.1:${port}`, stop };
      await new Promise((resolve) => setTimeout(resolve, STEP));
    }
    await stop();
    throw new Error(`docker-registry does not listen:\n${said()}`);
  } finally {
    closeSync(output);
    for (const path of [settings, `${settings}.log`]) rmSync(path, { force: true });
  }
}
