import {
  CAPABILITIES,
  type Capability,
  capabilityMask,
  capabilityNumber,
  LINUX_CAPABILITY_VERSION_3,
} from '../../linux/constants/capability.ts';
import { CLOSE_RANGE, PRCTL } from '../../linux/constants/process.ts';
import { SECCOMP } from '../../linux/constants/seccomp.ts';
import { SIGNAL, SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { failedWith, flags, type Named, type Pointer } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
import { closeAllButLog, moveLog } from './audit-log.ts';
import { withCallersVariables } from './callers-variables.ts';
import { withCallersArguments } from './callers-words.ts';
import { HERE, type Lowering, openFlags } from './context.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** Stands for an errno: the file is there, but the interpreter that it names is not. */
export const INTERPRETER_MISSING = 1002;

export function standardInputNull({ builder }: Lowering): void {
  const file = builder.scratch('null');
  builder.syscall('openat', [HERE, builder.string('/dev/null'), openFlags(builder, 'O_RDONLY'), 0], { result: file });
  builder.syscall('dup3', [file, 0, 0]);
}

/**
 * All descriptors but the standard ones and the status pipe are closed before the command's own paths are used: a
 * working directory of /proc/self/fd/N would otherwise lead out of the sandbox (CVE-2024-21626).
 */
export function closeDescriptors(lowering: Lowering, { keepsLog }: Operation<'closeDescriptors'>): void {
  const { builder, statusWrite } = lowering;
  const before = builder.scratch('status[1]-1');
  const after = builder.scratch('status[1]+1');
  builder.compute(before, 'subtract', statusWrite, 1);
  builder.compute(after, 'add', statusWrite, 1);
  if (keepsLog) moveLog(lowering, after);
  builder.syscall('close_range', [3, before, 0], { onError: 'ignore' });
  if (keepsLog) closeAllButLog(lowering, after);
  else builder.syscall('close_range', [after, -1, 0]);
}

export function changeDirectory({ builder }: Lowering, { path, fallback }: Operation<'changeDirectory'>): void {
  if (fallback === undefined) {
    builder.syscall('chdir', [builder.string(path)]);
    return;
  }
  const missing = builder.label('directory is missing');
  const done = builder.label('directory changed');
  builder.syscall('chdir', [builder.string(path)], { onError: missing });
  builder.jump(done);
  builder.place(missing);
  builder.syscall('chdir', [builder.string(fallback)], { onError: 'ignore' });
  builder.place(done);
}

/** Offsets of the effective and permitted sets in struct __user_cap_data_struct[2]: 32 bits each, two halves. */
const CAPABILITY_SETS = [
  { effective: 0, permitted: 4 },
  { effective: 12, permitted: 16 },
] as const;

/**
 * setresuid(2) from root to another id would take the capabilities away, and with them the right to empty the bounding set,
 * where those that this took would stay behind: PR_SET_KEEPCAPS keeps them permitted, and they are made effective again.
 */
export function setUser({ builder }: Lowering, { uid, gid }: Operation<'setUser'>): void {
  // Where setgroups(2) is forbidden the groups stay; the kernel shows those that are not mapped as nogroup.
  builder.syscall('setgroups', [0, 0], { onError: 'ignore' });
  builder.syscall('setresgid', [gid, gid, gid]);
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_KEEPCAPS'), 1, 0, 0, 0]);
  builder.syscall('setresuid', [uid, uid, uid]);
  const header = builder.words([LINUX_CAPABILITY_VERSION_3], '{_LINUX_CAPABILITY_VERSION_3, 0}');
  const sets = builder.buffer(24, '&capabilities');
  const half = builder.scratch('permitted capabilities');
  builder.syscall('capget', [header, sets]);
  for (const { effective, permitted } of CAPABILITY_SETS) {
    builder.load(half, 32, sets, permitted);
    builder.store(32, sets, effective, half);
  }
  builder.syscall('capset', [header, sets]);
}

/**
 * capabilities(7): out of the bounding set first, since that takes CAP_SETPCAP, then out of the process. Until execve(2)
 * makes it dumpable again nobody inside may trace it or open its executable, the launcher (CVE-2019-5736).
 */
export function dropCapabilities({ builder }: Lowering, { keep }: Operation<'dropCapabilities'>): void {
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_DUMPABLE'), 0, 0, 0, 0]);
  CAPABILITIES.forEach((name, number) => {
    if (keep.includes(name)) return;
    const capability: Named = { kind: 'named', value: number, text: name };
    builder.syscall('prctl', [flags(PRCTL, 'PR_CAPBSET_DROP'), capability, 0, 0, 0], { onError: 'ignore' });
  });
  builder.syscall('prctl', [flags(PRCTL, 'PR_CAP_AMBIENT'), flags(PRCTL, 'PR_CAP_AMBIENT_CLEAR_ALL'), 0, 0, 0], {
    onError: 'ignore',
  });
  const header = builder.words([LINUX_CAPABILITY_VERSION_3], '{_LINUX_CAPABILITY_VERSION_3, 0}');
  if (keep.length === 0) {
    builder.syscall('capset', [header, capabilitySets(builder, keep, [])]);
    return;
  }
  // Root's programs get what is bounded. Those of another id only get what is ambient: capabilities(7).
  const isRoot = builder.label('is root');
  const done = builder.label('capabilities dropped');
  builder.syscall('geteuid', []);
  builder.branch(builder.outcome, 'equal', 0, isRoot);
  builder.syscall('capset', [header, capabilitySets(builder, keep, keep)]);
  for (const name of keep) {
    const capability: Named = { kind: 'named', value: capabilityNumber(name), text: name };
    builder.syscall('prctl', [flags(PRCTL, 'PR_CAP_AMBIENT'), flags(PRCTL, 'PR_CAP_AMBIENT_RAISE'), capability, 0, 0]);
  }
  builder.jump(done);
  builder.place(isRoot);
  builder.syscall('capset', [header, capabilitySets(builder, keep, [])]);
  builder.place(done);
}

/** struct __user_cap_data_struct[2]: effective, permitted, inheritable, each 32 bits. */
function capabilitySets(
  builder: ProgramBuilder,
  permitted: readonly Capability[],
  inheritable: readonly Capability[],
): Pointer {
  const half = (names: readonly Capability[], shift: bigint): bigint => (capabilityMask(names) >> shift) & 0xffff_ffffn;
  const [low, high] = [half(permitted, 0n), half(permitted, 32n)];
  return builder.words(
    [low | (low << 32n), half(inheritable, 0n) | (high << 32n), high | (half(inheritable, 32n) << 32n)],
    permitted.length ? `${permitted.join('|')}${inheritable.length ? ', inheritable' : ''}` : 'no capabilities',
  );
}

export function noNewPrivileges({ builder }: Lowering): void {
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_NO_NEW_PRIVS'), 1, 0, 0, 0]);
}

export function seccomp({ builder }: Lowering, { filter, purpose }: Operation<'seccomp'>): void {
  builder.syscall('seccomp', [flags(SECCOMP, 'SECCOMP_SET_MODE_FILTER'), 0, filterProgram(builder, filter, purpose)]);
}

/** struct sock_fprog. */
export function filterProgram(
  builder: ProgramBuilder,
  filter: Operation<'seccomp'>['filter'],
  purpose: string,
): Pointer {
  const bytes = Buffer.alloc(filter.length * 8);
  filter.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  return builder.words([filter.length, builder.bytes(bytes, `${filter.length} instructions: ${purpose}`, 8)]);
}

/** Node ignores SIGPIPE and SIGXFSZ, which execve(2) hands on; the monitor blocks every signal. */
export function resetSignals({ builder, umask }: Lowering): void {
  const defaultAction = builder.words([SIGNAL_ACTION.SIG_DFL, 0, 0, 0], '{SIG_DFL}');
  for (const name of ['SIGPIPE', 'SIGXFSZ'] as const) {
    builder.syscall('rt_sigaction', [flags(SIGNAL, name), defaultAction, 0, SIGSET_SIZE]);
  }
  const nothing = builder.words([0], '[]');
  builder.syscall('rt_sigprocmask', [flags(SIGNAL_ACTION, 'SIG_SETMASK'), nothing, 0, SIGSET_SIZE]);
  builder.syscall('umask', [umask], { onError: 'ignore' });
}

/**
 * execve(2) along the candidates, as execvp(3) does: what is missing is passed over, what may not be executed is
 * remembered, anything else ends the search.
 */
export function execute(lowering: Lowering, operation: Operation<'execute'>): void {
  const { builder } = lowering;
  const { candidates, environment } = operation;
  const command = operation.command.map((text) => builder.string(text));
  const envp =
    operation.inherited === undefined
      ? builder.words(
          [...environment.map(([name, value]) => builder.string(`${name}=${value}`)), 0],
          `${environment.length} variables`,
        )
      : withCallersVariables(builder, environment, operation.inherited);
  const argv =
    operation.passArguments === undefined
      ? builder.words([...command, 0])
      : withCallersArguments(builder, command, operation.passArguments.from);
  const denied = builder.slot('denied');
  builder.syscall('close_range', [3, -1, flags(CLOSE_RANGE, 'CLOSE_RANGE_CLOEXEC')]);
  for (const candidate of candidates) {
    const failed = builder.label('execve failed');
    const next = builder.label('next candidate');
    const refused = builder.label('refused');
    const path = builder.string(candidate);
    builder.syscall('execve', [path, argv, envp], { onError: failed });
    builder.place(failed);
    builder.branch(builder.outcome, 'equal', failedWith('EACCES'), refused);
    builder.branch(builder.outcome, 'equal', failedWith('ENOTDIR'), next);
    builder.branch(builder.outcome, 'notEqual', failedWith('ENOENT'), builder.onFailure);
    builder.syscall('faccessat', [HERE, path, 0], { onError: next });
    builder.move(builder.outcome, -INTERPRETER_MISSING);
    builder.jump(builder.onFailure);
    builder.place(refused);
    builder.move(denied, 1);
    builder.place(next);
  }
  const missing = builder.label('command is missing');
  builder.branch(denied, 'equal', 0, missing);
  builder.move(builder.outcome, failedWith('EACCES'));
  builder.jump(builder.onFailure);
  builder.place(missing);
  builder.move(builder.outcome, failedWith('ENOENT'));
  builder.jump(builder.onFailure);
}

/** Marks a process as the sandbox's in lists of processes. */
export function nameProcess(builder: ProgramBuilder): void {
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_NAME'), builder.string('sandbox'), 0, 0, 0], { onError: 'ignore' });
}
