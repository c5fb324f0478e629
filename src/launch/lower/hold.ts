import { POLL } from '../../linux/constants/descriptor.ts';
import { PRCTL } from '../../linux/constants/process.ts';
import { SIGNAL, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { flags } from '../argument.ts';
import { close, type Lowering } from './context.ts';

/*
 * A sandbox that is there for others to join: its own command does nothing, and needs no program of the image for that.
 */

/**
 * The kernel kills the monitor when the process that started it dies, and init after it: prctl(2). One that died before that is
 * seen by the other end of standard input, a pipe or a socket, which it held.
 */
export function dieWithParent({ builder }: Lowering): void {
  const poll = builder.buffer(8, '&{0, events=0}');
  const events = builder.scratch('events');
  const alive = builder.label('parent is alive');
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_PDEATHSIG'), flags(SIGNAL, 'SIGKILL'), 0, 0, 0]);
  builder.store(32, poll, 0, 0);
  builder.store(32, poll, 4, 0);
  builder.syscall('ppoll', [poll, 1, builder.words([0, 0], '{0, 0}'), 0, SIGSET_SIZE]);
  builder.load(events, 32, poll, 4);
  builder.compute(events, 'shiftRight', events, 16);
  builder.compute(events, 'and', events, POLL.POLLHUP);
  builder.branch(events, 'equal', 0, alive);
  builder.syscall('exit_group', [125]);
  builder.place(alive);
}

/**
 * The command's process stays the launcher: nobody inside may open its executable (CVE-2019-5736), trace it, or find anything
 * open. Closing the status pipe tells the monitor that it has started, as execve(2) does for a command. All signals are blocked;
 * init hands on what it gets, and SIGTERM is the end.
 */
export function hold(lowering: Lowering): void {
  const { builder, statusWrite } = lowering;
  const wait = builder.label('wait');
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_DUMPABLE'), 0, 0, 0, 0]);
  builder.syscall('chdir', [builder.string('/')]);
  builder.syscall('close_range', [0, 2, 0], { onError: 'ignore' });
  close(builder, statusWrite);
  builder.syscall('close_range', [0, -1, 0], { onError: 'ignore' });
  builder.place(wait);
  const end = builder.words([1 << (SIGNAL.SIGTERM - 1)], '[SIGTERM]');
  builder.syscall('rt_sigtimedwait', [end, 0, 0, SIGSET_SIZE], { onError: wait });
  builder.syscall('exit_group', [0], { onError: 'ignore' });
}
