import { closeSync, constants, openSync, rmSync, statSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { compileLauncher } from '../launch/compile.ts';
import type { SetupOp } from '../launch/operations.ts';
import { launcherEnvironment, writeLauncherFile } from '../launch/run.ts';
import { AT, FILE_TYPE } from '../linux/constants/open.ts';
import { hostSyscalls } from '../linux/koffi-syscalls.ts';
import { planSandbox } from '../plan/plan.ts';
import type { Spec } from '../plan/spec.ts';
import { shelf } from '../store/layout.ts';
import { explainer } from './compile.ts';
import { SandboxError } from './error.ts';
import { planInput } from './input.ts';

/** A command whose changes of the root file system are wanted, and nothing else of its sandbox. */
export interface StepRun {
  readonly spec: Spec & { readonly lifetime: { readonly kind: 'build' } };
  readonly facts: HostFacts;
  /** Output of the command, both streams in order, as it comes. */
  readonly output: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

export interface StepEnd {
  /** The command's own, 128+N where a signal ended it. */
  readonly status: number;
  /** False: the sandbox could not be made, or the command was not found there; the output says why. */
  readonly started: boolean;
  /** Absolute paths inside that were made for something to be mounted on. */
  readonly ownPlaces: readonly string[];
  /** Absolute path of the directory with the changes. */
  readonly upper: string;
}

/** For a command that was asked to end. */
const PATIENCE_MS = 2_000;
/** For the last of the output, when the launcher has ended. */
const DRAIN_MS = 5_000;

/**
 * Runs a command in the directory of a build to its end. It dies with this process. When `signal` is aborted it is ended, and
 * everything that it has started, before the promise rejects with the signal's reason. Throws a SandboxError or a LaunchError.
 */
export async function runStep({ spec, facts, output, signal }: StepRun): Promise<StepEnd> {
  signal?.throwIfAborted();
  const directory = `${shelf(facts.store, 'builds')}/${spec.lifetime.name}`;
  const input = await planInput(spec, facts, async () => ({ update: () => {}, end: () => {} }));
  if (input.driver.kind === 'copy') {
    throw new SandboxError('NO_DRIVER', 'the storage driver copy cannot tell what a step has changed', {
      hint: 'steps need native overlays or fuse-overlayfs: sandbox doctor says what this machine can do',
    });
  }
  const plan = planSandbox(input);
  const operations: SetupOp[] = [{ op: 'dieWithParent' }, ...plan];
  const elf = compileLauncher(operations, { arch: facts.arch, explainer: explainer() }).elf();
  rmSync(`${directory}/pid`, { force: true });
  const status = await run(elf, facts.store, { pipe: `${directory}/output`, output, signal });
  signal?.throwIfAborted();
  const started = statSync(`${directory}/pid`, { throwIfNoEntry: false }) !== undefined;
  return { status, started, ownPlaces: ownPlaces(plan), upper: `${directory}/upper` };
}

/** Where the plan makes something to mount on. In file systems that it mounts itself nothing of it is seen. */
function ownPlaces(plan: readonly SetupOp[]): string[] {
  return plan.flatMap((operation) => {
    switch (operation.op) {
      case 'makeDirectory':
      case 'makeFile':
      case 'makeSymlink':
        return [operation.path];
      case 'bindContent':
        return [operation.target];
      default:
        return [];
    }
  });
}

interface RunOptions {
  /** Path of a named pipe that is made for the output. */
  readonly pipe: string;
  readonly output: (chunk: Buffer) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Node's own pipes are sockets, which a script cannot open as /dev/stdout, and two of them mix up the order. In a session of its
 * own no key of the terminal reaches the launcher: `signal` does.
 */
async function run(elf: Uint8Array, store: string, { pipe, output, signal }: RunOptions): Promise<number> {
  const { descriptor } = writeLauncherFile(elf, store);
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { Socket } = process.getBuiltinModule('node:net');
  rmSync(pipe, { force: true });
  hostSyscalls().mknodat(AT.AT_FDCWD, pipe, FILE_TYPE.S_IFIFO | 0o600, 0);
  const reader = new Socket({ fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
  const writer = openSync(pipe, constants.O_WRONLY);
  rmSync(pipe, { force: true });
  const ended = new Promise<void>((resolve) => {
    reader.once('close', () => resolve());
    reader.on('error', () => reader.destroy());
  });
  reader.on('data', output);
  reader.on('end', () => reader.destroy());
  const child = spawn('/proc/self/fd/3', [], {
    argv0: 'sandbox',
    // Its standard input tells the launcher that this process is there.
    stdio: ['pipe', writer, writer, descriptor],
    env: launcherEnvironment(),
    detached: true,
  });
  closeSync(writer);
  closeSync(descriptor);
  child.stdin?.on('error', () => {});
  let impatient: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill('SIGTERM');
    impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  };
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, name) => {
        const { constants: known } = process.getBuiltinModule('node:os');
        resolve(code ?? 128 + (name === null ? 0 : known.signals[name]));
      });
    });
    const drain = setTimeout(() => reader.destroy(), DRAIN_MS);
    await ended;
    clearTimeout(drain);
    return status;
  } finally {
    clearTimeout(impatient);
    signal?.removeEventListener('abort', end);
    reader.destroy();
  }
}
