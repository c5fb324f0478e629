import { PRCTL, SECUREBIT } from '../../linux/constants/process.ts';
import { flags, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { close, HERE, type Lowering, writeAll } from './context.ts';
import { cloneMount } from './detached-mount.ts';
import { openBeneathProc, openProcFile } from './proc-files.ts';

/** setsid(2): the command's process was just forked, so it leads no group yet. */
export function newSession({ builder }: Lowering): void {
  builder.syscall('setsid', []);
}

/**
 * Takes CAP_SETPCAP, which goes with the capabilities that are dropped afterwards. Keeping what setuid(2) takes away is not
 * locked: a command that is root may want that.
 */
export function lockSecureBits({ builder }: Lowering): void {
  const bits = flags(
    SECUREBIT,
    'SECBIT_NOROOT',
    'SECBIT_NOROOT_LOCKED',
    'SECBIT_NO_SETUID_FIXUP_LOCKED',
    'SECBIT_NO_CAP_AMBIENT_RAISE',
    'SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED',
  );
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_SECUREBITS'), bits, 0, 0, 0]);
}

/**
 * user_namespaces(7): init has CAP_SYS_RESOURCE in the sandbox's namespace, and no process inside has. The file is that of
 * the namespace of whoever opens it.
 */
export function forbidUserNamespaces(lowering: Lowering): void {
  const { builder } = lowering;
  const file = builder.scratch('max_user_namespaces');
  openProcFile(lowering, LIMIT, file);
  writeLimit(builder, file);
}

/**
 * The same for a namespace inside, made by `enter`. /proc/sys is read-only by then, so the file is opened through a copy of the
 * mount without what lies over it, which only who has CAP_SYS_ADMIN outside of the new namespace can make.
 */
export function forbidUserNamespacesInside(builder: ProgramBuilder, enter: () => void): void {
  const proc = builder.scratch('copy of /proc');
  const file = builder.scratch('max_user_namespaces');
  cloneMount(builder, { directory: HERE, path: '/proc' }, false, {}, proc);
  enter();
  openBeneathProc(builder, proc, LIMIT, file);
  writeLimit(builder, file);
}

const LIMIT = 'sys/user/max_user_namespaces';

function writeLimit(builder: ProgramBuilder, file: Slot): void {
  writeAll(builder, file, Buffer.from('0'), '"0"');
  close(builder, file);
}
