/** The three processes that a launcher becomes, each told apart by what clone(2) answers it. */
import { compileLauncher } from '../../../src/launch/compile.ts';
import type { Explainer } from '../../../src/launch/lower/report.ts';
import type { SetupOp } from '../../../src/launch/operations.ts';
import { type ReferenceRun, runReference } from '../../../src/launch/reference.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { failure, int32, type Script, ScriptedKernel } from './scripted-kernel.ts';

export type Role = 'monitor' | 'init' | 'command';
export const INIT_PID = 4711n;
export const COMMAND_PID = 77n;

const SIGCHLD = 17n;

/** What the kernel answers a role, once, while everything goes well; the command ends with `status`, a wait(2) status word. */
export function scriptOf(role: Role, status = 0): Script {
  const giveStatus: Script[string] = (args, memory) => {
    const [pid = 0n, address = 0n] = args;
    if (address !== 0n) memory.write(address, int32(role === 'monitor' && pid !== INIT_PID ? 0 : status));
    return pid === BigInt.asUintN(64, -1n) ? COMMAND_PID : pid;
  };
  let collected = false;
  const clones: Record<Role, Script[string]> = {
    monitor: (_args, _memory, earlier) => INIT_PID + BigInt(earlier),
    init: (_args, _memory, earlier) => (earlier === 0 ? 0n : COMMAND_PID),
    command: () => 0n,
  };
  return {
    clone: clones[role],
    getpid: () => 4000n,
    rt_sigtimedwait: () => SIGCHLD,
    wait4: (args, memory, earlier) => {
      if (role === 'init' && collected) return failure('ECHILD');
      collected = true;
      return giveStatus(args, memory, earlier);
    },
    // Init reads that its ids are mapped; the monitor that nothing has failed.
    read: () => (role === 'init' || role === 'command' ? 1n : 0n),
    getdents64: () => 0n,
  };
}

/** What a role did, and how it ended. */
export interface Played {
  readonly kernel: ScriptedKernel;
  readonly run: ReferenceRun;
}

export interface PlayOptions {
  readonly arch: Arch;
  readonly script?: Script;
  /** Index of the call that fails with EIO. */
  readonly failing?: number;
  readonly explainer?: Explainer;
  readonly arguments?: readonly string[];
}

/** Compiles operations once and gives what plays a role in them. */
export function player(operations: readonly SetupOp[], arch: Arch, explainer?: Explainer) {
  const { program, calls } = compileLauncher(operations, { arch, ...(explainer ? { explainer } : {}) });
  const play = (role: Role, options: Omit<PlayOptions, 'arch' | 'explainer'> = {}): Played => {
    const kernel = new ScriptedKernel(arch, { ...scriptOf(role), ...options.script }, options.failing);
    const run = runReference(program, kernel, {
      arch,
      arguments: options.arguments ?? ['sandbox', '4711'],
      environment: ['TERM=dumb'],
      maxSteps: 200_000,
    });
    return { kernel, run };
  };
  return { play, calls };
}

export const namesOf = ({ kernel }: Played): string[] => kernel.calls.map(({ name }) => name);

/** Whether `wanted` occur in this order, others between them. */
export function occurInOrder(names: readonly string[], wanted: readonly string[]): boolean {
  let next = 0;
  for (const name of names) if (name === wanted[next]) next++;
  return next === wanted.length;
}
