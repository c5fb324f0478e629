import { AUDIT_LOG, DEPTHS, HEAD, HEAD_SIZE, MAGIC, VERSION } from '../../linux/audit-log.ts';
import { FCNTL } from '../../linux/constants/descriptor.ts';
import { AUDIT_ARCH } from '../../linux/constants/seccomp.ts';
import { flags, type Slot } from '../argument.ts';
import type { SetupOp } from '../operations.ts';
import { HERE, type Lowering, openFlags } from './context.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** The monitor, in the sandbox's directory: the log, its head written so that its blocks are there. */
export function openAuditLog({ builder, auditLog }: Lowering, { depth }: Operation<'openAuditLog'>): void {
  const how = openFlags(builder, 'O_RDWR', 'O_CREAT', 'O_TRUNC', 'O_APPEND', 'O_NOFOLLOW');
  builder.syscall('openat', [HERE, builder.string(AUDIT_LOG), how, 0o600], { result: auditLog });
  const start = Buffer.alloc(HEAD.counters);
  start.write(MAGIC, HEAD.magic);
  start.writeUInt32LE(VERSION, HEAD.version);
  start.writeUInt32LE(AUDIT_ARCH[builder.arch], HEAD.arch);
  start.writeUInt32LE(DEPTHS.indexOf(depth), HEAD.depth);
  builder.syscall('write', [auditLog, builder.bytes(start, 'head of the audit log'), start.length]);
  const rest = HEAD_SIZE - start.length;
  builder.syscall('write', [auditLog, builder.buffer(rest, '&zeros'), rest]);
}

/** Gives the log a number of at least `first`. */
export function moveLog({ builder, auditLog }: Lowering, first: Slot): void {
  builder.syscall('fcntl', [auditLog, flags(FCNTL, 'F_DUPFD_CLOEXEC'), first], { result: auditLog });
}

/** Closes everything from `first` on but the log, which is among it. */
export function closeAllButLog({ builder, auditLog }: Lowering, first: Slot): void {
  const before = builder.scratch('log-1');
  const after = builder.scratch('log+1');
  builder.compute(before, 'subtract', auditLog, 1);
  builder.compute(after, 'add', auditLog, 1);
  builder.syscall('close_range', [first, before, 0], { onError: 'ignore' });
  builder.syscall('close_range', [after, -1, 0]);
}
