import { PRCTL, SECUREBIT } from '../../linux/constants/process.ts';
import { flags } from '../argument.ts';
import { close, type Lowering, openInRoot, writeAll } from './context.ts';

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
  openInRoot(lowering, '/proc/sys/user/max_user_namespaces', ['O_WRONLY'], { result: file });
  writeAll(builder, file, Buffer.from('0'), '"0"');
  close(builder, file);
}
