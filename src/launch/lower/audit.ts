import { HEAD_SIZE } from '../../linux/audit-log.ts';
import { capabilityMask, LINUX_CAPABILITY_VERSION_3 } from '../../linux/constants/capability.ts';
import { FCNTL } from '../../linux/constants/descriptor.ts';
import { CLONE, PRCTL } from '../../linux/constants/process.ts';
import { SECCOMP, SECCOMP_NOTIFY } from '../../linux/constants/seccomp.ts';
import { SIGNAL } from '../../linux/constants/signal.ts';
import { failedWith, flags, type Named, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
import { LISTENER, LOG, PROC } from './audit-context.ts';
import { auditorLoop } from './audit-loop.ts';
import { filterProgram } from './command.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';
import { pipe } from './namespaces.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

const PROTECTION: Named = { kind: 'named', value: 3, text: 'PROT_READ|PROT_WRITE' };
const SHARED: Named = { kind: 'named', value: 1, text: 'MAP_SHARED' };
const PAUSE_NANOSECONDS = 100_000;

/**
 * The command's process, before it gives anything up: forks the auditor, a child of init that shares its descriptors, so
 * that a listener which it opens later is the auditor's too. Whoever has CAP_SYS_PTRACE may read the memory of all processes of
 * the sandbox, and none of those, which have less, may trace it (ptrace(2), PTRACE_MODE_ATTACH).
 */
export function startAuditor(lowering: Lowering): void {
  const { builder, auditor } = lowering;
  const pid = builder.scratch('auditor');
  const share = flags(CLONE, 'CLONE_FILES', 'CLONE_PARENT');
  const how: Named = { kind: 'named', value: share.value | SIGNAL.SIGCHLD, text: `${share.text}|SIGCHLD` };
  pipe(builder, auditor.read, auditor.write);
  builder.syscall('clone', [how, 0, 0, 0, 0], { result: pid });
  builder.branch(pid, 'equal', 0, auditor.start);
}

/**
 * The filter, whose listener is the auditor's. It is told the number beforehand, for no call may be needed once the filter
 * is there: each may be one that waits for the auditor.
 */
export function audit(lowering: Lowering, { filter, verdicts, purpose, learns }: Operation<'audit'>): void {
  const { builder, auditor } = lowering;
  const listener = builder.slot('listener');
  const number = builder.buffer(8, '&number');
  const installed = builder.label('listener is there');
  const known = builder.label('listener is known');
  const goOn = builder.label('audited');
  const program = filterProgram(builder, filter, purpose);
  const mode = flags(SECCOMP, 'SECCOMP_SET_MODE_FILTER');
  builder.syscall('fcntl', [auditor.read, flags(FCNTL, 'F_DUPFD_CLOEXEC'), 0], { result: listener });
  close(builder, listener);
  builder.store(64, number, 0, listener);
  builder.syscall('write', [auditor.write, number, 8]);
  // Once the auditor has a call, no signal interrupts it with EINTR; Linux 5.19.
  const older = builder.label('older kernel');
  builder.syscall(
    'seccomp',
    [mode, flags(SECCOMP, 'SECCOMP_FILTER_FLAG_NEW_LISTENER', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'), program],
    { onError: older },
  );
  builder.jump(installed);
  builder.place(older);
  builder.branch(builder.outcome, 'notEqual', failedWith('EINVAL'), builder.onFailure);
  builder.syscall('seccomp', [mode, flags(SECCOMP, 'SECCOMP_FILTER_FLAG_NEW_LISTENER'), program]);
  builder.place(installed);
  builder.branch(builder.outcome, 'equal', listener, known);
  builder.move(builder.outcome, failedWith('EBADF'));
  builder.jump(builder.onFailure);
  builder.place(known);
  builder.jump(goOn);

  builder.place(auditor.start);
  const outer = builder.onFailure;
  const failed = builder.label('auditor failed');
  builder.onFailure = failed;
  const counters = prepareAuditor(lowering, number);
  auditorLoop(builder, { verdicts, learns }, counters);
  builder.place(failed);
  builder.syscall('exit_group', [1], { onError: 'ignore' });
  builder.onFailure = outer;
  builder.place(goOn);
}

/** From the fork to the first call that is to be answered; gives the address of the mapped counters. */
function prepareAuditor({ builder, auditLog, auditor }: Lowering, number: ReturnType<ProgramBuilder['buffer']>): Slot {
  const listener = builder.slot('listener to be');
  const again = builder.label('await the listener');
  const there = builder.label('listener exists');
  const counters = builder.slot('counters');
  const proc = builder.scratch('proc');
  builder.syscall('setsid', [], { onError: 'ignore' });
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_DUMPABLE'), 0, 0, 0, 0]);
  const mask = capabilityMask(['CAP_SYS_PTRACE']);
  builder.syscall('capset', [
    builder.words([LINUX_CAPABILITY_VERSION_3], '{_LINUX_CAPABILITY_VERSION_3, 0}'),
    builder.words([mask | (mask << 32n), 0, 0], 'CAP_SYS_PTRACE'),
  ]);
  builder.syscall('mmap', [0, HEAD_SIZE, PROTECTION, SHARED, auditLog, 0], { result: counters });
  builder.syscall('read', [auditor.read, number, 8]);
  builder.load(listener, 64, number, 0);
  builder.place(again);
  builder.syscall('fcntl', [listener, flags(FCNTL, 'F_GETFD'), 0], { onError: 'ignore' });
  builder.branch(builder.outcome, 'greaterOrEqual', 0, there);
  builder.syscall('ppoll', [0, 0, builder.words([0, PAUSE_NANOSECONDS], '{0.1 ms}'), 0, 8], { onError: 'ignore' });
  builder.jump(again);
  builder.place(there);
  // From here on the descriptors are its own: the command's execve(2) did not wait for that.
  builder.syscall('unshare', [flags(CLONE, 'CLONE_FILES')]);
  builder.syscall('openat', [HERE, builder.string('/proc'), openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
    result: proc,
    onError: 'ignore',
  });
  builder.syscall('close_range', [0, 2, 0], { onError: 'ignore' });
  builder.syscall('dup3', [auditLog, LOG, 0]);
  builder.syscall('dup3', [listener, LISTENER, 0]);
  builder.syscall('dup3', [proc, PROC, 0], { onError: 'ignore' });
  builder.syscall('close_range', [3, -1, 0]);
  const wakeUp = flags(SECCOMP_NOTIFY, 'SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP');
  builder.syscall('ioctl', [LISTENER, flags(SECCOMP_NOTIFY, 'SECCOMP_IOCTL_NOTIF_SET_FLAGS'), wakeUp], {
    onError: 'ignore',
  });
  return counters;
}
