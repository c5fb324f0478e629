import { CAPABILITIES, capabilityMask, LINUX_CAPABILITY_VERSION_3 } from '../../linux/constants/capability.ts';
import { CLOSE_RANGE, PRCTL } from '../../linux/constants/process.ts';
import { SECCOMP } from '../../linux/constants/seccomp.ts';
import { SIGNAL, SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { failedWith, flags, type Named } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
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
export function closeDescriptors({ builder, statusWrite }: Lowering): void {
  const before = builder.scratch('status[1]-1');
  const after = builder.scratch('status[1]+1');
  builder.compute(before, 'subtract', statusWrite, 1);
  builder.compute(after, 'add', statusWrite, 1);
  builder.syscall('close_range', [3, before, 0], { onError: 'ignore' });
  builder.syscall('close_range', [after, -1, 0]);
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

export function setUser({ builder }: Lowering, { uid, gid }: Operation<'setUser'>): void {
  // Where setgroups(2) is forbidden the groups stay; the kernel shows those that are not mapped as nogroup.
  builder.syscall('setgroups', [0, 0], { onError: 'ignore' });
  builder.syscall('setresgid', [gid, gid, gid]);
  builder.syscall('setresuid', [uid, uid, uid]);
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
  const mask = capabilityMask(keep);
  const low = mask & 0xffffffffn;
  const high = mask >> 32n;
  // struct __user_cap_data_struct[2]: effective, permitted, inheritable, each 32 bits.
  const sets = builder.words([low | (low << 32n), high << 32n, high], keep.length ? keep.join('|') : 'no capabilities');
  builder.syscall('capset', [builder.words([LINUX_CAPABILITY_VERSION_3], '{_LINUX_CAPABILITY_VERSION_3, 0}'), sets]);
}

export function noNewPrivileges({ builder }: Lowering): void {
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_NO_NEW_PRIVS'), 1, 0, 0, 0]);
}

export function seccomp({ builder }: Lowering, { filter, purpose }: Operation<'seccomp'>): void {
  const bytes = Buffer.alloc(filter.length * 8);
  filter.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  const program = builder.words([filter.length, builder.bytes(bytes, `${filter.length} instructions: ${purpose}`, 8)]);
  builder.syscall('seccomp', [flags(SECCOMP, 'SECCOMP_SET_MODE_FILTER'), 0, program]);
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
export function execute(lowering: Lowering, { command, candidates, environment }: Operation<'execute'>): void {
  const { builder } = lowering;
  const argv = builder.words([...command.map((text) => builder.string(text)), 0]);
  const envp = builder.words(
    [...environment.map(([name, value]) => builder.string(`${name}=${value}`)), 0],
    `${environment.length} variables`,
  );
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
