import { WAIT } from '../../linux/constants/process.ts';
import { SIGNAL, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { flags, type Label, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

/** siginfo_t: si_code, and the value it has when the kernel itself, such as a terminal, sent the signal. */
export const SIGINFO_CODE = 8;
export const SI_KERNEL = 0x80;
const SIGINFO_SIZE = 128;

/** Masks and buffers of the supervising loops, in the writable segment: the rest is unmapped while they run. */
export interface SuperviseData {
  readonly everySignal: Pointer;
  readonly info: Pointer;
  readonly status: Pointer;
}

export function superviseData(builder: ProgramBuilder): SuperviseData {
  return {
    everySignal: builder.data(Buffer.alloc(SIGSET_SIZE, 0xff), '~[]'),
    info: builder.buffer(SIGINFO_SIZE, '&info'),
    status: builder.buffer(8, '&status'),
  };
}

/** Where the signals of a supervising loop go. */
export interface SignalTargets {
  readonly loop: Label;
  /** SIGCHLD. */
  readonly onChild: Label;
  /** SIGIO from the kernel: a descriptor of ours can be read. */
  readonly onReadable?: Label;
  /** Emits what comes before everything else, for signals that are not for the command; goes to `loop` for those. */
  readonly beforeForward?: (at: { readonly signal: Slot; readonly loop: Label }) => void;
  /** Emits what else is done with a signal after it was handed on. */
  readonly afterForward?: (signal: Slot) => void;
  /** The child is in a session of its own, which no terminal signals: it depends on us for those too. */
  readonly ownSession?: boolean;
  /** What is handed on in place of SIGTERM. */
  readonly stopSignal?: number;
}

/**
 * Waits for a signal (all are blocked) and hands it on to `child`. A signal that the terminal sent has reached the
 * whole foreground group already and is not sent twice.
 */
export function forwardSignals(
  builder: ProgramBuilder,
  data: SuperviseData,
  child: Slot,
  targets: SignalTargets,
): void {
  const { loop, onChild, onReadable, beforeForward, afterForward, stopSignal, ownSession } = targets;
  const signal = builder.scratch('signal');
  const code = builder.scratch('si_code');
  const handOn = builder.label('hand on');
  const handled = builder.label('handed on');
  const unknown = ownSession ? handOn : handled;
  const fromKernel = onReadable ? builder.label('from the kernel') : unknown;
  builder.place(loop);
  builder.syscall('rt_sigtimedwait', [data.everySignal, data.info, 0, SIGSET_SIZE], { result: signal, onError: loop });
  builder.branch(signal, 'equal', flags(SIGNAL, 'SIGCHLD'), onChild);
  beforeForward?.({ signal, loop });
  // A terminal that is closed tells its session's leader only, which the monitor may be: tty_signal_session_leader().
  for (const name of ['SIGHUP', 'SIGCONT'] as const) builder.branch(signal, 'equal', flags(SIGNAL, name), handOn);
  builder.load(code, 32, data.info, SIGINFO_CODE);
  builder.branch(code, 'equal', SI_KERNEL, fromKernel);
  builder.place(handOn);
  if (stopSignal !== undefined) {
    const other = builder.label('another signal');
    builder.branch(signal, 'notEqual', flags(SIGNAL, 'SIGTERM'), other);
    builder.move(signal, stopSignal);
    builder.place(other);
  }
  builder.syscall('kill', [child, signal], { onError: 'ignore' });
  builder.place(handled);
  afterForward?.(signal);
  builder.jump(loop);
  if (!onReadable) return;
  builder.place(fromKernel);
  builder.branch(signal, 'equal', flags(SIGNAL, 'SIGIO'), onReadable);
  builder.jump(unknown);
}

/** The monitor stops when its job is stopped, so that the user's shell sees it; SIGCONT wakes it and is handed on. */
export function stopWithJob(builder: ProgramBuilder, self: Slot): (signal: Slot) => void {
  return (signal) => {
    const stop = builder.label('stop');
    const go = builder.label('not a stop');
    for (const name of ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const)
      builder.branch(signal, 'equal', flags(SIGNAL, name), stop);
    builder.jump(go);
    builder.place(stop);
    builder.syscall('kill', [self, flags(SIGNAL, 'SIGSTOP')], { onError: 'ignore' });
    builder.place(go);
  };
}

/** Collects `child` if it has ended, else goes to `still`; its status is in `data.status` then. */
export function collect(builder: ProgramBuilder, data: SuperviseData, child: Slot, still: Label): void {
  const pid = builder.scratch('collected');
  builder.syscall('wait4', [child, data.status, flags(WAIT, 'WNOHANG'), 0], { result: pid, onError: still });
  builder.branch(pid, 'equal', 0, still);
}

/** The exit status that a shell would show: the command's own, or 128 and the number of the signal that ended it. */
export function exitStatus(builder: ProgramBuilder, data: SuperviseData, result: Slot): void {
  const word = builder.scratch('status word');
  const done = builder.label('exit status known');
  const exited = builder.label('exited');
  builder.load(word, 32, data.status, 0);
  builder.compute(result, 'and', word, 0x7f);
  builder.branch(result, 'equal', 0, exited);
  builder.compute(result, 'add', result, 128);
  builder.jump(done);
  builder.place(exited);
  builder.compute(result, 'shiftRight', word, 8);
  builder.compute(result, 'and', result, 0xff);
  builder.place(done);
}
