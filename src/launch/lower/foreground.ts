import { TERMINAL_IOCTL } from '../../linux/constants/ioctl.ts';
import { failedWith, flags } from '../argument.ts';
import { HERE, type Lowering, openFlags } from './context.ts';
import type { SuperviseData } from './supervise.ts';

const NO_SUCH_PROCESS = failedWith('ESRCH');

/** Before anything else: the controlling terminal, and whether the monitor's process group is in its foreground. */
export function findTerminal(lowering: Lowering): void {
  const { builder, terminal, foreground, processGroup } = lowering;
  const group = builder.buffer(8, '&foreground');
  const own = builder.scratch('own group');
  const done = builder.label('terminal is known');
  builder.syscall('getpgid', [0], { result: own });
  builder.store(32, processGroup, 0, own);
  builder.syscall('openat', [HERE, builder.string('/dev/tty'), openFlags(builder, 'O_RDWR', 'O_NOCTTY'), 0], {
    onError: done,
  });
  builder.move(terminal, builder.outcome);
  builder.syscall('ioctl', [terminal, flags(TERMINAL_IOCTL, 'TIOCGPGRP'), group], { onError: done });
  builder.load(foreground, 32, group, 0);
  const elsewhere = builder.label('in the background');
  builder.branch(foreground, 'notEqual', own, elsewhere);
  builder.move(foreground, 1);
  builder.jump(done);
  builder.place(elsewhere);
  builder.move(foreground, 0);
  builder.place(done);
}

/**
 * A shell that ended has left the terminal to a process group that is gone; the monitor gives it back to its own. Where
 * another group has the terminal by now, because the sandbox went on in the background, it stays there.
 */
export function reclaimTerminal(lowering: Lowering, { info }: SuperviseData): void {
  const { builder } = lowering;
  const owner = builder.scratch('terminal owner');
  const done = builder.label('terminal is in good hands');
  const check = builder.label('does the group exist');
  const take = builder.label('take the terminal');
  builder.branch(lowering.foreground, 'equal', 0, done);
  builder.syscall('ioctl', [lowering.terminal, flags(TERMINAL_IOCTL, 'TIOCGPGRP'), info], { onError: done });
  builder.load(owner, 32, info, 0);
  builder.branch(owner, 'equal', 0, take);
  builder.compute(owner, 'subtract', 0, owner);
  builder.syscall('kill', [owner, 0], { onError: check });
  builder.jump(done);
  builder.place(check);
  builder.branch(builder.outcome, 'notEqual', NO_SUCH_PROCESS, done);
  builder.place(take);
  builder.syscall('ioctl', [lowering.terminal, flags(TERMINAL_IOCTL, 'TIOCSPGRP'), lowering.processGroup], {
    onError: 'ignore',
  });
  builder.place(done);
}
