import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { statFields } from '../../cgroup/processes.ts';
import type { JoiningLauncher } from './box.ts';
import { LineSplitter } from './lines.ts';
import { closeWriter, type OutputPipe, outputPipe } from './output-pipe.ts';

/** A program in the sandbox of services, from its start to its end. */
export interface RunningProgram {
  /** Fulfilled with its pid, as the host sees it, when it runs; with undefined where it ended before that was seen. */
  readonly started: Promise<number | undefined>;
  /** Fulfilled with its exit status, 128+N for signal N, when it and all of its process group have ended. */
  readonly ended: Promise<number>;
  /** Asks it to end, then what it started, and kills what is left after its time. */
  readonly stop: () => void;
  /** Kills it and its process group. */
  readonly kill: () => void;
}

const POLL_MS = 10;
/** For output that still is in the pipe when the process has ended. */
const DRAIN_MS = 500;

export interface ProgramOptions {
  /** A path in the directory where its pipe is made. */
  readonly beside: string;
  readonly onLine: (line: string) => void;
  /** Number of the signal that asks it to end. */
  readonly stopSignal: number;
  /** Milliseconds. */
  readonly stopTimeout: number;
}

/** Starts a launcher that was prepared for a session of its own (`newSession`). Rejects where that fails. */
export async function startProgram(launcher: JoiningLauncher, options: ProgramOptions): Promise<RunningProgram> {
  const { onLine, stopSignal, stopTimeout } = options;
  const pipe = outputPipe(options.beside);
  const child = await startOn(launcher, pipe);
  const lines = new LineSplitter(onLine);
  pipe.read.on('data', (bytes: Buffer) => lines.write(bytes));
  const drained = new Promise<void>((resolve) => {
    pipe.read.once('close', resolve);
    pipe.read.on('error', () => resolve());
  });
  const program = new Follower(child);
  let timer: NodeJS.Timeout | undefined;
  let isKilled = false;
  const kill = (): void => {
    isKilled = true;
    program.signalGroup('SIGKILL');
    // The command's process dies with its launcher.
    child.kill('SIGKILL');
  };
  const ended = program.exited.then(async (status) => {
    await program.started;
    clearTimeout(timer);
    // What it left behind would keep its files and ports. A shell that ended did not tell what it had started.
    const patience = Date.now() + stopTimeout;
    if (!isKilled) program.signalGroup(stopSignal);
    while (program.hasGroup() && !isKilled && Date.now() < patience) await pause(POLL_MS);
    program.signalGroup('SIGKILL');
    await Promise.race([drained, pause(DRAIN_MS)]);
    lines.end();
    pipe.read.destroy();
    return status;
  });
  const stop = (): void => {
    // Not the whole group: programs tell their own children to end, and take it amiss where these are gone already.
    child.kill(stopSignal as unknown as NodeJS.Signals);
    timer ??= setTimeout(kill, stopTimeout);
  };
  return { started: program.started, ended, stop, kill };
}

async function startOn(launcher: JoiningLauncher, pipe: OutputPipe): Promise<ChildProcess> {
  try {
    return await launcher.start({ out: pipe.write, error: pipe.write });
  } catch (error) {
    pipe.read.destroy();
    throw error;
  } finally {
    closeWriter(pipe);
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Finds the program among the children of its launcher. */
class Follower {
  readonly exited: Promise<number>;
  readonly started: Promise<number | undefined>;
  #isOver = false;
  #pid: number | undefined;

  constructor(launcher: ChildProcess) {
    this.exited = new Promise<number>((resolve) => {
      launcher.once('error', () => resolve(125));
      launcher.once('exit', (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
    void this.exited.then(() => {
      this.#isOver = true;
    });
    this.started = this.#untilExecuted(launcher.pid);
  }

  /** The leader of a session that was begun for it leads the group of the same number. */
  signalGroup(signal: NodeJS.Signals | number): boolean {
    if (this.#pid === undefined) return false;
    try {
      process.kill(-this.#pid, signal);
      return true;
    } catch {
      // Nobody is left of it.
      return false;
    }
  }

  hasGroup(): boolean {
    return this.signalGroup(0);
  }

  /** Waits until the launcher's child has become the program. */
  async #untilExecuted(launcher: number | undefined): Promise<number | undefined> {
    if (launcher === undefined) return undefined;
    while (!this.#isOver) {
      this.#pid ??= childOf(launcher);
      const line = this.#pid === undefined ? '' : commandLine(this.#pid);
      if (line !== '' && line !== commandLine(launcher)) return this.#pid;
      await pause(POLL_MS);
    }
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** proc_tid_children(5), and without CONFIG_PROC_CHILDREN the long way. */
function childOf(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
    return first === undefined || first === '' ? undefined : Number(first);
  } catch {
    const found = readdirSync('/proc').find((name) => /^\d+$/.test(name) && parentOf(name) === pid);
    return found === undefined ? undefined : Number(found);
  }
}

function parentOf(name: string): number | undefined {
  try {
    return Number(statFields(readFileSync(`/proc/${name}/stat`, 'latin1'))[1]);
  } catch {
    return undefined;
  }
}
