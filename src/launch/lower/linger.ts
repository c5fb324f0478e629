import { LOCK } from '../../linux/constants/descriptor.ts';
import { PRCTL } from '../../linux/constants/process.ts';
import { failedWith, flags, type Label, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { HERE, type Lowering, openFlags } from './context.ts';
import type { EarlyEnd } from './early-end.ts';
import { fork } from './namespaces.ts';

/**
 * A kept sandbox that others have joined outlives the shell that opened it. Everyone who joins holds this file locked,
 * shared, for as long as the own command runs; a lock dies with its holder.
 */
const GUESTS = 'guests';
const WOULD_BLOCK = failedWith('EWOULDBLOCK');

/** The opener's monitor, in the sandbox's directory: init inherits the descriptor. */
export function openGuests({ builder, guests }: Lowering): void {
  const how = openFlags(builder, 'O_RDWR', 'O_CREAT', 'O_NOFOLLOW');
  builder.syscall('openat', [HERE, builder.string(GUESTS), how, 0o600], { result: guests });
}

/** One who joins, before anything else; waits while init is ending, and then finds it gone. */
export function joinGuests({ builder, guests }: Lowering, directory: string): void {
  const how = openFlags(builder, 'O_RDWR', 'O_CREAT', 'O_NOFOLLOW');
  builder.syscall('openat', [HERE, builder.string(`${directory}/${GUESTS}`), how, 0o600], { result: guests });
  builder.syscall('flock', [guests, flags(LOCK, 'LOCK_SH')]);
}

/**
 * Init, when its command has ended: falls through when nobody else is in. Otherwise it tells the monitor the status,
 * which ends with it, and goes back to `loop` with a process in the command's place that waits for the guests to leave.
 */
export function lingerForGuests(lowering: Lowering, early: EarlyEnd, status: Slot, record: Pointer, loop: Label): void {
  const { builder, guests } = lowering;
  const alone = builder.label('nobody else is in');
  const linger = builder.label('guests are in');
  builder.syscall('flock', [guests, flags(LOCK, 'LOCK_EX', 'LOCK_NB')], { onError: linger });
  builder.jump(alone);
  builder.place(linger);
  // Anything but a lock that is held would go on for ever.
  builder.branch(builder.outcome, 'notEqual', WOULD_BLOCK, alone);
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_PDEATHSIG'), 0, 0, 0, 0], { onError: 'ignore' });
  tell(builder, early, status, record);
  fork(builder, lowering.command);
  builder.branch(lowering.command, 'notEqual', 0, loop);
  builder.syscall('flock', [guests, flags(LOCK, 'LOCK_EX')], { onError: 'ignore' });
  builder.syscall('exit_group', [0], { onError: 'ignore' });
  builder.place(alone);
}

function tell(builder: ProgramBuilder, { write }: EarlyEnd, status: Slot, record: Pointer): void {
  builder.store(64, record, 0, status);
  builder.syscall('write', [write, record, 8], { onError: 'ignore' });
}
