import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { statFields } from '../../cgroup/processes.ts';
import { SIGNAL } from '../../linux/constants/signal.ts';
import type { JoiningLauncher } from './box.ts';
import { LineSplitter } from './lines.ts';
import { type MarkedProcess, processesWith, signalMarked } from './mark.ts';
import { closeWriter, type OutputPipe, outputPipe } from './output-pipe.ts';

/** A program in the sandbox of services, from its start to its end. */
export interface RunningProgram {
  /** Fulfilled with its pid, as the host sees it, when it runs; with undefined where it ended before that was seen. */
  readonly started: Promise<number | undefined>;
  /** Fulfilled with its exit status, 128+N for signal N, when it and all that it has started have ended. */
  readonly ended: Promise<number>;
  /** Asks it to end, then what it started, and kills what is left after its time. */
  readonly stop: () => void;
  /** Kills it and all that it has started. */
  readonly kill: () => void;
}

const POLL_MS = 10;
/** Between two looks at all processes. */
const LOOK_MS = 50;
/** What is started while all is killed is killed by a further look; something that goes on for ever is left to the sandbox. */
const MOST_LOOKS = 100;
/** For output that still is in the pipe when the process has ended. */
const DRAIN_MS = 500;

export interface ProgramOptions {
  /** A path in the directory where its pipe is made. */
  readonly beside: string;
  readonly onLine: (line: string) => void;
  /** Which the launcher's command has. */
  readonly mark: number;
  /** Number of the signal that asks it to end. */
  readonly stopSignal: number;
  /** Milliseconds. */
  readonly stopTimeout: number;
}

/** Starts a launcher that was prepared for a session of its own (`newSession`). Rejects where that fails. */
export async function startProgram(launcher: JoiningLauncher, options: ProgramOptions): Promise<RunningProgram> {
  const { onLine, mark, stopSignal, stopTimeout } = options;
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
    // The command's process dies with its launcher, and what it has started is killed then.
    child.kill('SIGKILL');
  };
  const ended = program.exited.then(async (status) => {
    await program.started;
    clearTimeout(timer);
    // What it left behind would keep its files and ports. A shell that ended did not tell what it had started.
    const patience = Date.now() + stopTimeout;
    const own = (): MarkedProcess[] => processesWith(mark);
    if (!isKilled) for (const each of own()) signalMarked(each, mark, stopSignal);
    while (!isKilled && Date.now() < patience && own().length > 0) await pause(LOOK_MS);
    for (let looks = 0, left = own(); left.length > 0 && looks < MOST_LOOKS; left = own(), looks += 1) {
      for (const each of left) signalMarked(each, mark, SIGNAL.SIGKILL);
      await pause(POLL_MS);
    }
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
