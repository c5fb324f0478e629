import { AT } from '../../linux/constants/open.ts';
import { CLONE, CLONE3 } from '../../linux/constants/process.ts';
import { SIGNAL, SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { flags, type Label, type Named, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
import { environment } from './callers-words.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';
import type { Phases } from './phases.ts';
import type { Explainer } from './report.ts';

/** Where the path lies above the initial stack pointer: behind argc and argv[0], and the pid of the init that is joined. */
const FIRST_ARGUMENT = 16;
const SECOND_ARGUMENT = 24;

/**
 * The monitor opens the group. Who joins also opens its list of processes, before it enters the sandbox: what may be
 * written to it is decided by who opened it, and where (cgroup_procs_write() in kernel/cgroup/cgroup.c).
 */
export function enterControlGroup(
  lowering: Lowering,
  _operation: Extract<SetupOp, { op: 'enterControlGroup' }>,
  { joins }: Phases,
): void {
  const { builder, controlGroup, controlGroupPath: path } = lowering;
  builder.load(path, 64, builder.stack, joins ? SECOND_ARGUMENT : FIRST_ARGUMENT);
  builder.syscall('openat', [HERE, path, openFlags(builder, 'O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW'), 0], {
    result: controlGroup,
  });
  if (!joins) return;
  const directory = builder.scratch('group directory');
  builder.move(directory, controlGroup);
  builder.syscall('openat', [directory, builder.string('cgroup.procs'), openFlags(builder, 'O_WRONLY'), 0], {
    result: controlGroup,
  });
  close(builder, directory);
}

/** The child of a monitor that joins, before anything else: 0 is whoever writes it. */
export function moveIntoGroup({ builder, controlGroup }: Lowering): void {
  builder.syscall('write', [controlGroup, builder.string('0'), 1]);
  close(builder, controlGroup);
}

/** struct clone_args of clone3(2): so many bytes, and where the descriptor of the control group is. */
const CLONE_ARGS_SIZE = 88;
const CLONE_ARGS_CGROUP = 80;

/**
 * clone3(2) with CLONE_INTO_CGROUP. The child is in the group from its first instruction: nothing it does is not counted,
 * and nothing has to be moved later. A control group namespace is not among `namespaces`: it would have the parent's
 * group as its root (copy_cgroup_ns()).
 */
export function cloneIntoGroup({ builder, controlGroup, child }: Lowering, namespaces: Named): void {
  const word = BigInt(namespaces.value) | CLONE3.CLONE_INTO_CGROUP;
  const text = `{flags=${namespaces.text}|CLONE_INTO_CGROUP, exit_signal=SIGCHLD, cgroup=${controlGroup.name}}`;
  const args = builder.writableWords([word, 0, 0, 0, SIGNAL.SIGCHLD, 0, 0, 0, 0, 0, 0], text);
  builder.store(64, args, CLONE_ARGS_CGROUP, controlGroup);
  builder.syscall('clone3', [args, CLONE_ARGS_SIZE], { result: child });
}

/** Init, in its group: which is the topmost one from inside. Its path is nobody's business there: /proc/1/cmdline. */
export function ownGroupNamespace({ builder, controlGroup, controlGroupPath: path }: Lowering): void {
  builder.syscall('unshare', [flags(CLONE, 'CLONE_NEWCGROUP')]);
  close(builder, controlGroup);
  const byte = builder.scratch('byte of the path');
  const next = builder.label('wipe the path');
  const wiped = builder.label('the path is wiped');
  builder.place(next);
  builder.load(byte, 8, path, 0);
  builder.branch(byte, 'equal', 0, wiped);
  builder.store(8, path, 0, 0);
  builder.compute(path, 'add', path, 1);
  builder.jump(next);
  builder.place(wiped);
}

/** The group of a sandbox that has ended. One of a systemd scope goes with the scope, and is gone by then or not. */
export function removeGroup({ builder, controlGroupPath }: Lowering): void {
  const remove: Named = { kind: 'named', value: AT.AT_REMOVEDIR, text: 'AT_REMOVEDIR' };
  builder.syscall('unlinkat', [HERE, controlGroupPath, remove], { onError: 'ignore' });
}

/** Goes to `otherwise` unless the command was killed: then the report reads the group's files, and removes it. */
export function unlessKilled(builder: ProgramBuilder, status: Slot, otherwise: Label): void {
  builder.branch(status, 'notEqual', 128 + SIGNAL.SIGKILL, otherwise);
}

/**
 * The monitor becomes the program that says whether the kernel killed the sandbox for want of memory, and ends with the
 * same status. Everything lies in the writable segment: the rest is unmapped by now. Falls through where it cannot be run.
 */
export function becomeReport(lowering: Lowering, { executable, afterKill }: Explainer): void {
  const { builder } = lowering;
  const text = (word: string): Pointer => builder.data(Buffer.from(`${word}\0`), JSON.stringify(word), 1);
  const words = [executable, ...afterKill];
  const argv = builder.writableWords([...words.map(text), 0, 0], JSON.stringify([...words, 'GROUP']));
  builder.store(64, argv, words.length * 8, lowering.controlGroupPath);
  const ignore = builder.data(Buffer.from([SIGNAL_ACTION.SIG_IGN, ...new Array<number>(31).fill(0)]), '{SIG_IGN}');
  for (const name of ['SIGIO', 'SIGALRM'] as const) {
    builder.syscall('rt_sigaction', [flags(SIGNAL, name), ignore, 0, SIGSET_SIZE], { onError: 'ignore' });
  }
  builder.syscall('execve', [text(executable), argv, environment(builder)], { onError: 'ignore' });
}
