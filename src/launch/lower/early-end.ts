import { FCNTL, POLL } from '../../linux/constants/descriptor.ts';
import { OPEN } from '../../linux/constants/open.ts';
import { WAIT } from '../../linux/constants/process.ts';
import { SIGNAL, SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { flags, type Label, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { close, type Lowering } from './context.ts';
import { fork, pipe } from './namespaces.ts';
import type { SuperviseData } from './supervise.ts';

/**
 * The end of a `run` that left no process behind: its status is known when init has collected the command, but the
 * kernel still takes milliseconds to take down mounts and namespaces while init exits. Init tells the status first, and
 * the monitor ends with it, leaving a child, the undertaker, that waits for init and removes the sandbox's directory.
 * bubblewrap's monitor does not wait for its pid 1 either.
 */
export interface EarlyEnd {
  readonly read: Slot;
  readonly write: Slot;
}

/** Before the namespaces: the pipe for the status, which sends the monitor SIGIO when there is something to read. */
export function openEarlyEnd(lowering: Lowering, { read, write }: EarlyEnd): void {
  const { builder } = lowering;
  pipe(builder, read, write);
  builder.syscall('fcntl', [read, flags(FCNTL, 'F_SETOWN'), lowering.self]);
  builder.syscall('fcntl', [read, flags(FCNTL, 'F_SETFL'), flags(OPEN[builder.arch], 'O_NONBLOCK', 'FASYNC')]);
}

/** Init, when the command is collected: with another process left, its end is the sandbox's. */
export function tellStatus(builder: ProgramBuilder, { write }: EarlyEnd, status: Slot, record: Pointer): void {
  const again = builder.label('collect orphans');
  const alone = builder.label('no process is left');
  const done = builder.label('status is told');
  const pid = builder.scratch('reaped');
  builder.place(again);
  builder.syscall('wait4', [-1, 0, flags(WAIT, 'WNOHANG'), 0], { result: pid, onError: alone });
  builder.branch(pid, 'notEqual', 0, again);
  builder.jump(done);
  builder.place(alone);
  builder.store(64, record, 0, status);
  builder.syscall('write', [write, record, 8], { onError: 'ignore' });
  builder.place(done);
}

/**
 * Before a failure is told: init's end of the pipe closed with it, so SIGIO is pending, and the explainer, a Node, unblocks
 * all signals when it starts. Ignoring it discards it.
 */
export function ignoreEarlyEnd(builder: ProgramBuilder): void {
  const ignore = builder.words([SIGNAL_ACTION.SIG_IGN, 0, 0, 0], '{SIG_IGN}');
  // A timer (`timeLimit`) outlives execve(2) too.
  for (const name of ['SIGIO', 'SIGALRM'] as const)
    builder.syscall('rt_sigaction', [flags(SIGNAL, name), ignore, 0, SIGSET_SIZE], { onError: 'ignore' });
}

/** The monitor, on SIGIO: reads the status, or goes back to `loop` when there is none. */
export function receiveStatus(
  builder: ProgramBuilder,
  { read }: EarlyEnd,
  status: Slot,
  record: Pointer,
  loop: Label,
): void {
  builder.syscall('read', [read, record, 8], { onError: loop });
  builder.branch(builder.outcome, 'notEqual', 8, loop);
  builder.load(status, 64, record, 0);
}

/** Forks the undertaker, which goes on at `removal` when init is gone; the monitor goes on at `exit`. */
export function leaveToUndertaker(lowering: Lowering, data: SuperviseData, removal: Label, exit: Label): void {
  const { builder } = lowering;
  const pidfd = builder.scratch('pidfd');
  const pid = builder.scratch('undertaker');
  const alone = builder.label('wait for init');
  builder.syscall('pidfd_open', [lowering.child, 0], { result: pidfd, onError: alone });
  fork(builder, pid);
  builder.branch(pid, 'notEqual', 0, exit);
  close(builder, lowering.terminal);
  builder.syscall('close_range', [0, 2, 0], { onError: 'ignore' });
  builder.store(32, data.info, 0, pidfd);
  builder.store(32, data.info, 4, POLL.POLLIN);
  builder.syscall('ppoll', [data.info, 1, 0, 0, 8], { onError: 'ignore' });
  builder.jump(removal);
  builder.place(alone);
  builder.syscall('wait4', [lowering.child, data.status, 0, 0], { onError: 'ignore' });
  builder.jump(removal);
}
