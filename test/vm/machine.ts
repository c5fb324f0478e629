/**
 * The virtual machine that the tests of this folder share: Debian with systemd and cgroup v2, another kernel than the
 * host's, and real login sessions. Tests run on the host and send commands into it.
 *
 * Whoever runs several files boots it once and names its directory in SANDBOX_TEST_VM (test/run.ts does); a file that is
 * run alone boots one of its own with the first command. It ends with the process that booted it, however that ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Result, resultOf } from '../support/user.ts';
import { boot } from './boot.ts';
import { DEFAULT_KIND, needsImage } from './image.ts';
import { SANDBOX } from './inside.ts';

/** `dev` has a range of subordinate ids, `bare` has none; both have a systemd user manager. */
export type Account = 'dev' | 'bare' | 'root';

export interface GuestOptions {
  /** A directory inside; the account's home otherwise. */
  readonly cwd?: string;
  /** Added to the environment of the login session. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Milliseconds; five minutes otherwise. Then the command is ended, and its status is 124. */
  readonly timeout?: number;
}

/** Emulated on a busy machine even the first sandbox of an account takes minutes. */
const PATIENCE = 300_000;

const given = process.env.SANDBOX_TEST_VM;
const refused = process.env.SANDBOX_TEST_VM_REFUSED;

/** A reason to skip where no virtual machine can be had. */
export function needsMachine(): string | false {
  if (given !== undefined) return false;
  return refused ?? needsImage(DEFAULT_KIND);
}

let booted: Promise<string> | undefined;
const connections = new Map<Account, Promise<void>>();

function directory(): Promise<string> {
  booted ??= given === undefined ? boot(DEFAULT_KIND).then((running) => running.directory) : Promise.resolve(given);
  return booted;
}

function ssh(runtime: string, account: Account, ...words: readonly string[]): string[] {
  return ['-F', join(runtime, 'ssh-config'), '-l', account, ...words, 'machine'];
}

/** Opens the account's one connection, apart from any command's standard streams; it lives as long as the machine. */
function connect(runtime: string, account: Account): Promise<void> {
  const known = connections.get(account);
  if (known !== undefined) return known;
  const opening = (async () => {
    if (spawnSync('ssh', ssh(runtime, account, '-O', 'check'), { stdio: 'ignore' }).status === 0) return;
    const { status } = spawnSync('ssh', ssh(runtime, account, '-MNf', '-o', 'ControlPersist=yes'), { stdio: 'ignore' });
    if (status !== 0) throw new Error(`ssh to the test machine as ${account} failed: see ${runtime}/console`);
  })();
  connections.set(account, opening);
  return opening;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What the login shell is to do: death by a signal becomes 128 + n, as in any shell. */
function script(argv: readonly string[], options: GuestOptions): string {
  const seconds = Math.ceil((options.timeout ?? PATIENCE) / 1000);
  const variables = Object.entries(options.env ?? {}).map(([name, value]) => quote(`${name}=${value}`));
  const command = ['timeout', '-k', '5', `${seconds}`, 'env', ...variables, ...argv.map(quote)].join(' ');
  return `${options.cwd === undefined ? '' : `cd ${quote(options.cwd)} && `}${command}; exit $?`;
}

export const machine = {
  /** Runs a program in a login session of the account, to its end; 255 where the machine is gone. */
  async run(account: Account, argv: readonly string[], options: GuestOptions = {}): Promise<Result> {
    const runtime = await directory();
    await connect(runtime, account);
    const child = spawn('ssh', [...ssh(runtime, account, '-T'), script(argv, options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: (options.timeout ?? PATIENCE) + 30_000,
      killSignal: 'SIGKILL',
    });
    return await resultOf(child, options.input);
  },

  /** Runs the built file as the account. */
  async sandbox(account: Account, words: readonly string[], options: GuestOptions = {}): Promise<Result> {
    return await machine.run(account, [SANDBOX, ...words], options);
  },

  /** Runs a script of `sh` as the account. */
  async shell(account: Account, text: string, options: GuestOptions = {}): Promise<Result> {
    return await machine.run(account, ['sh', '-c', text], options);
  },
};
