import { SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { type Argument, flags, type Slot } from '../argument.ts';
import { HERE, type Lowering, openFlags } from './context.ts';
import { fork } from './namespaces.ts';

/** Stands for an errno: a program that was run has failed, and has said why on standard error. */
export const PROGRAM_FAILED = 1003;

/** A program of the host that init runs while it sets the sandbox up. */
export interface HostProgram {
  /** The first is its absolute path. */
  readonly argv: readonly string[];
  readonly environment: Argument;
  /** How a listing shows argv. */
  readonly text: string;
}

/**
 * Starts a program with nothing to read and nobody to read it but on standard error; its pid goes to `pid`. `prepare` emits
 * what its process does before that. What init has open closes on execve.
 */
export function startProgram(lowering: Lowering, program: HostProgram, pid: Slot, prepare: () => void): void {
  const { builder } = lowering;
  const started = builder.label('program started');
  const standard = builder.scratch('null');
  const [path = ''] = program.argv;
  const argv = builder.words([...program.argv.map((word) => builder.string(word)), 0], program.text);
  const outer = builder.onFailure;
  const failed = builder.label('program cannot be started');
  fork(builder, pid);
  builder.branch(pid, 'notEqual', 0, started);
  builder.onFailure = failed;
  builder.syscall('openat', [HERE, builder.string('/dev/null'), openFlags(builder, 'O_RDWR'), 0], { result: standard });
  for (const stream of [0, 1]) builder.syscall('dup3', [standard, stream, 0]);
  prepare();
  const nothing = builder.words([0], '[]');
  builder.syscall('rt_sigprocmask', [flags(SIGNAL_ACTION, 'SIG_SETMASK'), nothing, 0, SIGSET_SIZE]);
  builder.syscall('execve', [builder.string(path), argv, program.environment]);
  builder.place(failed);
  builder.syscall('exit_group', [127]);
  builder.onFailure = outer;
  builder.place(started);
}

/** Waits for its end; anything but the status 0 is the failure of the step. */
export function awaitProgram({ builder }: Lowering, pid: Slot): void {
  const status = builder.buffer(8, '&status');
  const word = builder.scratch('program status');
  const well = builder.label('program ended well');
  builder.syscall('wait4', [pid, status, 0, 0]);
  builder.load(word, 32, status, 0);
  builder.branch(word, 'equal', 0, well);
  builder.move(builder.outcome, -PROGRAM_FAILED);
  builder.jump(builder.onFailure);
  builder.place(well);
}
